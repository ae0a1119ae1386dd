"""The plugins of this distribution; each imports what it offers when it is picked."""
