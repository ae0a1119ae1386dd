"""In which form locals hold their numbers: as signed ones, or past their width. A first reading votes."""
