"""Resources: the kinds of access to the host that come with the package, a capability plugin each.

They say what there is to be granted and how objects are compared; who hands a resource out asks (`Authority.require`),
or claims what it amounts to import it. None of them gives a guest anything by itself.
"""
