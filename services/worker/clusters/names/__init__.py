"""Names for the groups of a cluster run: `await Namer(pool=pool, settings=settings).name(NamingRequest(...), report)`.

A run calls it once, after its groups are known and before it is told completed. It never raises for what an endpoint
or a document says, and takes a bounded time; what went wrong is in `Named.errors`. One Namer serves all runs of a
worker, since it keeps answers. `report` is called about once a second and may raise TaskCanceledError.
"""
