"""The messages between the Functions host and a Python worker, as protobuf classes made from a table.

Names, types and alternatives are the protocol's (Azure/azure-functions-language-worker-protobuf, FunctionRpc.proto),
as far as the runtime library and we use them. Numbers are counted up here: nothing leaves this process. Real
protobuf, because its type checks are what a wrong answer of ours would meet in the host.

Needs `google.protobuf` on the path, so the judge imports it after it has set its path.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

descriptor_pb2: Any = importlib.import_module("google.protobuf.descriptor_pb2")
descriptor_pool: Any = importlib.import_module("google.protobuf.descriptor_pool")
message_factory: Any = importlib.import_module("google.protobuf.message_factory")

PACKAGE = "AzureFunctionsRpcMessages"

#: message → field → type. `*T` repeated, `{T}` a map from string, `name|group` one of a group.
MESSAGES: dict[str, dict[str, str]] = {
    "StreamingMessage": {
        "request_id": "string",
        "worker_init_request|content": "WorkerInitRequest",
        "worker_init_response|content": "WorkerInitResponse",
        "function_environment_reload_request|content": "FunctionEnvironmentReloadRequest",
        "function_environment_reload_response|content": "FunctionEnvironmentReloadResponse",
        "functions_metadata_request|content": "FunctionsMetadataRequest",
        "function_metadata_response|content": "FunctionMetadataResponse",
        "function_load_request|content": "FunctionLoadRequest",
        "function_load_response|content": "FunctionLoadResponse",
        "invocation_request|content": "InvocationRequest",
        "invocation_response|content": "InvocationResponse",
        "rpc_log|content": "RpcLog",
    },
    "WorkerInitRequest": {
        "host_version": "string",
        "capabilities": "{string}",
        "worker_directory": "string",
        "function_app_directory": "string",
    },
    "WorkerInitResponse": {
        "capabilities": "{string}",
        "result": "StatusResult",
        "worker_metadata": "WorkerMetadata",
    },
    "WorkerMetadata": {
        "runtime_name": "string",
        "runtime_version": "string",
        "worker_version": "string",
        "worker_bitness": "string",
        "custom_properties": "{string}",
    },
    "StatusResult": {"status": "StatusResult.Status", "result": "string", "exception": "RpcException"},
    "RpcException": {"source": "string", "stack_trace": "string", "message": "string"},
    "FunctionEnvironmentReloadRequest": {
        "environment_variables": "{string}",
        "function_app_directory": "string",
    },
    "FunctionEnvironmentReloadResponse": {
        "capabilities": "{string}",
        "result": "StatusResult",
        "worker_metadata": "WorkerMetadata",
    },
    "FunctionsMetadataRequest": {"function_app_directory": "string"},
    "FunctionMetadataResponse": {
        "function_metadata_results": "*RpcFunctionMetadata",
        "result": "StatusResult",
        "use_default_metadata_indexing": "bool",
    },
    "RpcFunctionMetadata": {
        "name": "string",
        "directory": "string",
        "script_file": "string",
        "entry_point": "string",
        "bindings": "{BindingInfo}",
        "is_proxy": "bool",
        "status": "StatusResult",
        "language": "string",
        "raw_bindings": "*string",
        "function_id": "string",
        "managed_dependency_enabled": "bool",
        "retry_options": "RpcRetryOptions",
        "properties": "{string}",
    },
    # None of our functions has a retry policy (the host ignores it on queues): the message stays empty.
    "RpcRetryOptions": {},
    "BindingInfo": {
        "type": "string",
        "direction": "BindingInfo.Direction",
        "data_type": "BindingInfo.DataType",
        "properties": "{string}",
    },
    "FunctionLoadRequest": {"function_id": "string", "metadata": "RpcFunctionMetadata"},
    "FunctionLoadResponse": {"function_id": "string", "result": "StatusResult"},
    "InvocationRequest": {
        "invocation_id": "string",
        "function_id": "string",
        "input_data": "*ParameterBinding",
        "trigger_metadata": "{TypedData}",
        "trace_context": "RpcTraceContext",
        "retry_context": "RetryContext",
    },
    "RpcTraceContext": {"trace_parent": "string", "trace_state": "string", "attributes": "{string}"},
    "RetryContext": {"retry_count": "int32", "max_retry_count": "int32", "exception": "RpcException"},
    "InvocationResponse": {
        "invocation_id": "string",
        "output_data": "*ParameterBinding",
        "return_value": "TypedData",
        "result": "StatusResult",
    },
    "ParameterBinding": {"name": "string", "data|rpc_data": "TypedData"},
    "TypedData": {
        "string|data": "string",
        "json|data": "string",
        "bytes|data": "bytes",
        "stream|data": "bytes",
        "http|data": "RpcHttp",
        "int|data": "sint64",
        "double|data": "double",
    },
    "RpcHttp": {
        "method": "string",
        "url": "string",
        "headers": "{string}",
        "body": "TypedData",
        "params": "{string}",
        "status_code": "string",
        "query": "{string}",
        "enable_content_negotiation": "bool",
        "rawBody": "TypedData",
        "cookies": "*RpcHttpCookie",
    },
    "RpcHttpCookie": {
        "name": "string",
        "value": "string",
        "domain": "NullableString",
        "path": "NullableString",
        "secure": "NullableBool",
        "http_only": "NullableBool",
        "same_site": "RpcHttpCookie.SameSite",
        "max_age": "NullableDouble",
    },
    "NullableString": {"value|string": "string"},
    "NullableBool": {"value|bool": "bool"},
    "NullableDouble": {"value|double": "double"},
    "RpcLog": {
        "invocation_id": "string",
        "category": "string",
        "level": "RpcLog.Level",
        "message": "string",
    },
}
ENUMS: dict[str, dict[str, tuple[str, ...]]] = {
    "StatusResult": {"Status": ("Failure", "Success", "Cancelled")},
    "BindingInfo": {
        "Direction": ("in", "out", "inout"),
        "DataType": ("undefined", "string", "binary", "stream"),
    },
    "RpcHttpCookie": {"SameSite": ("None", "Lax", "Strict", "ExplicitNone")},
    "RpcLog": {"Level": ("Trace", "Debug", "Information", "Warning", "Error", "Critical", "None")},
}
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "bool": _FIELD.TYPE_BOOL,
    "int32": _FIELD.TYPE_INT32,
    "sint64": _FIELD.TYPE_SINT64,
    "double": _FIELD.TYPE_DOUBLE,
}


def _typed(field: Any, kind: str) -> None:
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _FIELD.TYPE_ENUM if "." in kind else _FIELD.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{kind}"


def _add_field(message: Any, number: int, name: str, kind: str) -> None:
    name, _, group = name.partition("|")
    field = message.field.add(name=name, number=number, label=_FIELD.LABEL_OPTIONAL)
    if kind.startswith("{"):
        entry_name = "".join(part.capitalize() for part in name.split("_")) + "Entry"
        entry = message.nested_type.add(name=entry_name)
        entry.options.map_entry = True
        for position, (part, of) in enumerate((("key", "string"), ("value", kind[1:-1])), 1):
            _typed(entry.field.add(name=part, number=position, label=_FIELD.LABEL_OPTIONAL), of)
        field.label = _FIELD.LABEL_REPEATED
        _typed(field, f"{message.name}")
        field.type_name = f".{PACKAGE}.{message.name}.{entry_name}"
        return
    if kind.startswith("*"):
        field.label = _FIELD.LABEL_REPEATED
    _typed(field, kind.removeprefix("*"))
    if group:
        groups = [each.name for each in message.oneof_decl]
        if group not in groups:
            message.oneof_decl.add(name=group)
            groups.append(group)
        field.oneof_index = groups.index(group)


def make() -> SimpleNamespace:
    """The classes by name: what the runtime library calls `protos`."""
    file = descriptor_pb2.FileDescriptorProto(name="worker.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for enum, values in ENUMS.get(name, {}).items():
            made = message.enum_type.add(name=enum)
            for number, value in enumerate(values):
                made.value.add(name=value, number=number)
        for number, (field, kind) in enumerate(fields.items(), 1):
            _add_field(message, number, field, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
        for name in MESSAGES
    }
    return SimpleNamespace(**classes)
