"""The list of instructions before it is read: what compilers leave that do not optimise, and what locals are for."""
