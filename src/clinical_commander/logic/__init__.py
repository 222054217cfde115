"""The rule language: text in, typed expressions out. A strict subset of SQL in which unknown is a value."""
