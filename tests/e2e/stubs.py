"""gRPC services by name, with the messages that protoc makes of protos/.

Debian has grpcio but not its code generator; a service needs no more than its descriptor.
"""
import pathlib
import subprocess
import tempfile

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "protos"


def _pool():
    with tempfile.NamedTemporaryFile(suffix=".pb") as file:
        subprocess.run(["protoc", f"--proto_path={PROTOS}", "--include_imports",
                        f"--descriptor_set_out={file.name}",
                        *sorted(map(str, PROTOS.glob("squall/v1/*.proto")))], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(file.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for each in files.file:  # what a file imports comes before it
        pool.Add(each)
    return pool


_POOL = _pool()
_FACTORY = message_factory.MessageFactory(_POOL)


def enum_name(enum, number):
    """enum_name("RunState", 3) is "RUNNING"."""
    known = _POOL.FindEnumTypeByName(f"squall.v1.{enum}")
    prefix = known.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return known.values_by_number[number].name.removeprefix(prefix)


class Service:
    """One service at one address; may be called from one thread."""

    def __init__(self, name, address):
        self.name = f"squall.v1.{name}"
        self.methods = _POOL.FindServiceByName(self.name).methods_by_name
        self.channel = grpc.insecure_channel(address)

    def call(self, method, timeout=10, **fields):
        """The response; raises grpc.RpcError."""
        known = self.methods[method]
        request = _FACTORY.GetPrototype(known.input_type)(**fields)
        response = _FACTORY.GetPrototype(known.output_type)
        return self.channel.unary_unary(
            f"/{self.name}/{method}", lambda message: message.SerializeToString(),
            response.FromString)(request, timeout=timeout)

    def close(self):
        self.channel.close()
