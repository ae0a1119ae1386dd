"""Interceptors: capability plugins that grant nothing, and step between guests and the functions that they import.

A policy switches one on by naming it: `[capabilities.statistics]`.
"""
