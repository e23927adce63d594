# Polars over the whole file, by its streaming engine: polars_peer.py INPUT OUTPUT; threads by POLARS_MAX_THREADS
import sys

import polars as pl

source, target = sys.argv[1:3]
schema = {"name": pl.String, "value": pl.Float64, "timestamp": pl.Float64, "agg_func": pl.String}
value = pl.col("value")
rows = (
    pl.scan_ndjson(source, schema=schema)
    .group_by("name", "agg_func", ((pl.col("timestamp") / 60).floor() * 60).cast(pl.Int64).alias("window_start"))
    .agg(
        value.sum().alias("sum"),
        value.mean().alias("avg"),
        value.min().alias("min"),
        value.max().alias("max"),
        pl.len().alias("count"),
    )
    .select(
        "name",
        "agg_func",
        "window_start",
        pl.when(pl.col("agg_func") == "sum").then("sum")
        .when(pl.col("agg_func") == "avg").then("avg")
        .when(pl.col("agg_func") == "min").then("min")
        .otherwise("max")
        .alias("value"),
        "count",
    )
    .collect(engine="streaming")
)
rows.write_ndjson(target)
