"""The binary format: a module's bytes to a `Module` and back, and instructions one by one.

Data flows through these files in this order: `leb128` numbers, `types`, `immediates`, `instructions`;
then `reader`, a position bounded by a section; `definitions`, `externs`, `segments`, `bodies` and
`names`, the sections' contents; and `decode` and `encode`, the whole.
"""

from __future__ import annotations

from wrt_foundation.binary.bodies import check_bodies
from wrt_foundation.binary.decode import decode
from wrt_foundation.binary.encode import encode
from wrt_foundation.binary.instructions import read_instructions, write_instruction, write_instructions
from wrt_foundation.binary.names import decode_names, encode_names

__all__ = [
    "check_bodies",
    "decode",
    "decode_names",
    "encode",
    "encode_names",
    "read_instructions",
    "write_instruction",
    "write_instructions",
]
