// Requests, their checks and extractions <-> squall.v1.RequestStep. Used inside this room.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include "daemon/plan/plan.h"
#include "daemon/wire/proto_reader.h"

namespace squall {

namespace v1 {
class Header;
class RequestStep;
}  // namespace v1

using HeaderProtos = google::protobuf::RepeatedPtrField<v1::Header>;

void WriteRequest(const RequestStep& from, v1::RequestStep* to);
void WriteHeaders(const HeaderList& headers, HeaderProtos* protos);

// Refuse what is out of bounds and checks of no kind. Templates and expressions are not compiled.
void ReadRequest(const v1::RequestStep& from, ProtoReader* reader, RequestStep* to);
void ReadHeaders(const HeaderProtos& protos, ProtoReader* reader, HeaderList* headers);

}  // namespace squall
