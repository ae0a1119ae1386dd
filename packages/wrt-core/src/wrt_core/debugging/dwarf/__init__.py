"""DWARF, versions 2 to 5, as far as it says where instructions came from.

Read in this order: `cursor` (bytes), `abbreviations` and `forms` (what entries of `.debug_info` look like), `units` and
`subprograms` (the entries that matter here), `line_header` and `line_program` (`.debug_line`), `positions`.
"""
