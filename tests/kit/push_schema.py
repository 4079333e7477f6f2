"""Google's own protobuf classes for whodid's push schema, built from the schema's text, to compare with."""

import re
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from whodid.wire.push_rows import SCHEMA

_FIELD = re.compile(r"(repeated )?(\w+) (\w+) = (\d+);")
_SCALARS = {
    name: getattr(descriptor_pb2.FieldDescriptorProto, f"TYPE_{name.upper()}")
    for name in ("string", "bytes", "int32", "int64", "fixed32", "fixed64")
}


def message_class(name: str) -> Any:
    """The class of one message: `PushRequest`, `Stream`, `Entry` …"""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="push.proto", syntax="proto3")
    for name, body in re.findall(r"message (\w+) \{([^}]*)\}", SCHEMA):
        message = file.message_type.add(name=name)
        for repeated, kind, field, number in _FIELD.findall(body):
            one = message.field.add(name=field, number=int(number), label=3 if repeated else 1)
            if kind in _SCALARS:
                one.type = _SCALARS[kind]
            else:
                one.type, one.type_name = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE, f".{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
