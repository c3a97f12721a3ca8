-- What a part of an object brings with it: files, the document that it was found in, and why there may be none.

-- worker: files that an extractor made of a part, such as the picture of a face; gone with their document
CREATE TABLE document_blobs (
  blob_id text PRIMARY KEY,
  document_id text NOT NULL REFERENCES documents ON DELETE CASCADE,
  field text NOT NULL,
  role text NOT NULL CHECK (role IN ('thumbnail', 'artifact')),
  mime_type text NOT NULL,
  storage_key text NOT NULL,
  size_bytes bigint NOT NULL,
  sha256 text NOT NULL,
  UNIQUE (document_id, field)
);
CREATE INDEX document_blobs_by_storage_key ON document_blobs (storage_key);
CREATE TRIGGER document_blobs_dropped AFTER DELETE ON document_blobs
  REFERENCING OLD TABLE AS dropped FOR EACH STATEMENT EXECUTE FUNCTION condemn_blobs();

-- worker: the document of another collection that this one was made from, for collections that process collections
ALTER TABLE documents ADD COLUMN source_document_id text REFERENCES documents ON DELETE CASCADE;
CREATE INDEX documents_of_document ON documents (source_document_id) WHERE source_document_id IS NOT NULL;

-- worker: what is worth knowing of a run that did not fail, such as that it found nothing
ALTER TABLE processing ADD COLUMN note text;
