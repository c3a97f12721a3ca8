"""What the tables of lists have in common: their columns, their order, how they are searched."""

from services.common.filters.parameters import Parameters
from services.common.filters.sql import json_value
from services.common.filters.tables import Column, Kind, Table

AGE = "(extract(epoch FROM {alias}.created_at)::numeric(20, 6)::text"
# Of what there may be millions the contract shows ten at a time.
FEW = 10
CREATED = Column("created_at", Kind.TIME)
UPDATED = Column("updated_at", Kind.TIME)


NAME_SEARCH = "{name} ILIKE {{pattern}} OR coalesce({alias}.description, '') ILIKE {{pattern}}"
SEARCH_FIELDS = "EXISTS (SELECT FROM jsonb_each_text({alias}.fields) f WHERE f.value ILIKE {{pattern}})"


def value_sql(table: Table, field: str, parameters: Parameters) -> str:
    """SQL of a field's value as jsonb; SQL NULL when there is none."""
    place = table.resolve(field)
    if isinstance(place, Column):
        return f"to_jsonb({table.alias}.{place.name})"
    return json_value(place, table, parameters)
