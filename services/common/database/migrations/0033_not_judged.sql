-- Also the documents that one of several taxonomies could not judge are few and asked for at every look at their collection.
DROP INDEX documents_not_judged;
CREATE INDEX documents_not_judged ON documents (collection_id)
  WHERE taxonomy_match ? 'reason' OR internal #> '{processing,not_judged}' IS NOT NULL;
