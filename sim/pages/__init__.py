"""How what was found is told: sentences, tables, pictures, and pages to print that need no network."""
