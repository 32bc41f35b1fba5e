"""A gRPC client that knows no proto: it asks the server for its services and their messages.

Debian has no package of grpc_reflection's Python client, so the reflection protocol itself, the
one thing that must be known beforehand, is spelled out here.
"""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

_REFLECTION = "grpc.reflection.v1alpha"
_METHOD = f"/{_REFLECTION}.ServerReflection/ServerReflectionInfo"


def _reflection_messages():
    """(request class, response class): the fields that are used here, by their numbers."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="reflection.proto", package=_REFLECTION,
                                              syntax="proto3")

    def add(name, *fields):
        message = file.message_type.add(name=name)
        for field_name, number, kind, repeated in fields:
            new = message.field.add(name=field_name, number=number,
                                    label=field.LABEL_REPEATED if repeated
                                    else field.LABEL_OPTIONAL)
            if isinstance(kind, str):
                new.type, new.type_name = field.TYPE_MESSAGE, f".{_REFLECTION}.{kind}"
            else:
                new.type = kind

    add("Request", ("file_containing_symbol", 4, field.TYPE_STRING, False),
        ("list_services", 7, field.TYPE_STRING, False))
    # Of the request's oneof, exactly one must be sent, be it empty.
    file.message_type[0].oneof_decl.add(name="message_request")
    for each in file.message_type[0].field:
        each.oneof_index = 0
    add("Files", ("file_descriptor_proto", 1, field.TYPE_BYTES, True))
    add("Service", ("name", 1, field.TYPE_STRING, False))
    add("Services", ("service", 1, "Service", True))
    add("Error", ("error_code", 1, field.TYPE_INT32, False),
        ("error_message", 2, field.TYPE_STRING, False))
    add("Response", ("file_descriptor_response", 4, "Files", False),
        ("list_services_response", 6, "Services", False), ("error_response", 7, "Error", False))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return tuple(factory.GetPrototype(pool.FindMessageTypeByName(f"{_REFLECTION}.{name}"))
                 for name in ("Request", "Response"))


_Request, _Response = _reflection_messages()


class ReflectedService:
    """Calls take and give plain dictionaries, as in protobuf's JSON."""

    def __init__(self, channel, name, metadata=()):
        self.name = name
        self._channel = channel
        self._metadata = metadata
        self._pool = descriptor_pool.DescriptorPool()
        self._load(name)
        self._factory = message_factory.MessageFactory(self._pool)
        self._methods = self._pool.FindServiceByName(name).methods_by_name

    @staticmethod
    def names(channel):
        reply = _ask(channel, _Request(list_services=""))
        return sorted(service.name for service in reply.list_services_response.service)

    def _load(self, symbol):
        reply = _ask(self._channel, _Request(file_containing_symbol=symbol))
        if reply.HasField("error_response"):
            raise LookupError(reply.error_response.error_message)
        files = {}
        for data in reply.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            files[file.name] = file
        added = set()

        def add(name):  # what a file imports comes before it
            if name not in added:
                added.add(name)
                for dependency in files[name].dependency:
                    add(dependency)
                self._pool.Add(files[name])

        for name in files:
            add(name)

    def _prepare(self, method, request):
        known = self._methods[method]
        message = json_format.ParseDict(request,
                                        self._factory.GetPrototype(known.input_type)())
        return (f"/{self.name}/{method}", message,
                self._factory.GetPrototype(known.output_type).FromString)

    def call(self, method, request=None, timeout=60):
        """Raises grpc.RpcError."""
        path, message, read = self._prepare(method, request or {})
        reply = self._channel.unary_unary(path, lambda m: m.SerializeToString(), read)(
            message, timeout=timeout, metadata=self._metadata)
        return _to_dict(reply)

    def stream(self, method, request=None, timeout=120):
        """Yields replies; raises grpc.RpcError when the stream ends with an error."""
        path, message, read = self._prepare(method, request or {})
        for reply in self._channel.unary_stream(path, lambda m: m.SerializeToString(), read)(
                message, timeout=timeout, metadata=self._metadata):
            yield _to_dict(reply)


def _ask(channel, request):
    call = channel.stream_stream(_METHOD, lambda m: m.SerializeToString(), _Response.FromString)
    return next(iter(call(iter([request]), timeout=60)))


def _to_dict(message):
    return json_format.MessageToDict(message, including_default_value_fields=True,
                                     preserving_proto_field_name=True)


def error_of(call):
    """(code name, details) of the RpcError that `call` raises."""
    try:
        result = call()
        if not isinstance(result, dict):
            list(result)
    except grpc.RpcError as error:
        return error.code().name, error.details()
    raise AssertionError("must be refused")
