"""The messages of ONNX's protobuf format: what each may hold, by field number.

Source: onnx.proto of ONNX 1.18 to 1.23.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

# Numbers and branch modes of a tree ensemble's attributes: millions of fields without a meaning
# for the check, gone over in C. Keys: 7 (float), 8 (int), 9 (string) of AttributeProto.
_ATTRIBUTE_NUMBERS = re.compile(
    rb"(?:\x3d.{4}|\x40[\x80-\xff]{0,9}+[\x00-\x7f]"
    rb"|\x4a(?:\x0aBRANCH_LEQ|\x09BRANCH_LT|\x04LEAF))++",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a message may hold: field number to name, `*` where a field may come again."""

    name: str
    fields: dict[int, str]
    skipped: re.Pattern[bytes] | None = None


MODEL = Kind(
    "ModelProto",
    {
        1: "ir_version",
        2: "producer_name",
        3: "producer_version",
        4: "domain",
        5: "model_version",
        6: "doc_string",
        7: "graph",
        8: "opset_import*",
        14: "metadata_props*",
        20: "training_info*",
        25: "functions*",
        26: "configuration*",
    },
)
OPSET = Kind("OperatorSetIdProto", {1: "domain", 2: "version"})
GRAPH = Kind(
    "GraphProto",
    {
        1: "node*",
        2: "name",
        5: "initializer*",
        10: "doc_string",
        11: "input*",
        12: "output*",
        13: "value_info*",
        14: "quantization_annotation*",
        15: "sparse_initializer*",
        16: "metadata_props*",
    },
)
NODE = Kind(
    "NodeProto",
    {
        1: "input*",
        2: "output*",
        3: "name",
        4: "op_type",
        5: "attribute*",
        6: "doc_string",
        7: "domain",
        8: "overload",
        9: "metadata_props*",
        10: "device_configurations*",
    },
)
ATTRIBUTE = Kind(
    "AttributeProto",
    {
        1: "name",
        2: "f",
        3: "i",
        4: "s",
        5: "t",
        6: "g",
        7: "floats*",
        8: "ints*",
        9: "strings*",
        10: "tensors*",
        11: "graphs*",
        13: "doc_string",
        14: "tp",
        15: "type_protos*",
        20: "type",
        21: "ref_attr_name",
        22: "sparse_tensor",
        23: "sparse_tensors*",
    },
    _ATTRIBUTE_NUMBERS,
)
TENSOR = Kind(
    "TensorProto",
    {
        1: "dims*",
        2: "data_type",
        3: "segment",
        4: "float_data*",
        5: "int32_data*",
        6: "string_data*",
        7: "int64_data*",
        8: "name",
        9: "raw_data",
        10: "double_data*",
        11: "uint64_data*",
        12: "doc_string",
        13: "external_data*",
        14: "data_location",
        16: "metadata_props*",
    },
)
VALUE_INFO = Kind("ValueInfoProto", {1: "name", 2: "type", 3: "doc_string", 4: "metadata_props*"})
TYPE = Kind(
    "TypeProto",
    {
        1: "tensor_type",
        4: "sequence_type",
        5: "map_type",
        6: "denotation",
        7: "opaque_type",
        8: "sparse_tensor_type",
        9: "optional_type",
    },
)
TENSOR_TYPE = Kind("TypeProto.Tensor", {1: "elem_type", 2: "shape"})
SHAPE = Kind("TensorShapeProto", {1: "dim*"})
DIMENSION = Kind("TensorShapeProto.Dimension", {1: "dim_value", 2: "dim_param", 3: "denotation"})


class ElementType(IntEnum):
    """Types of a tensor's elements that telltale gives to a model, or takes from it."""

    FLOAT = 1
    INT32 = 6
    INT64 = 7
    STRING = 8
    BOOL = 9
    DOUBLE = 11
