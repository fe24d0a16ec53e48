"""What a run leaves behind: weights, checkpoints with their record, the timeline, the table of runs.

Each format is read and written here and nowhere else.

    checkpoint = unpack(data)                       # WeightsError with one sentence
    checkpoint.record.step, checkpoint.tensors["layers.0.weight"]
    load_weights(data).settings                     # of a weights file
"""

from .checkpoint import CheckpointFile, Curves, Record, fitting_record, pack, read_record, unpack
from .runs import (
    MAX_NAME,
    RunRow,
    RunTable,
    bounded,
    dump_rows,
    is_table,
    load_rows,
    load_table,
    make_row,
    named,
    run_name,
    source_of,
    to_csv,
    to_json,
    with_default_name,
)
from .timeline import TimelineEntry, dump_index, load_index, thinned
from .weights import WeightsFile, load_weights, save_weights

__all__ = [
    "MAX_NAME",
    "CheckpointFile",
    "Curves",
    "Record",
    "RunRow",
    "RunTable",
    "TimelineEntry",
    "WeightsFile",
    "bounded",
    "dump_index",
    "dump_rows",
    "fitting_record",
    "is_table",
    "load_index",
    "load_rows",
    "load_table",
    "load_weights",
    "make_row",
    "named",
    "pack",
    "read_record",
    "run_name",
    "save_weights",
    "script",
    "source_of",
    "thinned",
    "to_csv",
    "to_json",
    "unpack",
    "with_default_name",
]
