"""Plugins for WRT, each as small as it can be."""
