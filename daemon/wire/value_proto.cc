#include "daemon/wire/value_proto.h"

#include <cmath>

#include <fmt/format.h>

#include "protos/squall/v1/step.pb.h"

namespace squall {
namespace {

Value ReadAtDepth(const v1::Value& proto, int depth, ProtoReader* reader);

ValueList ReadElements(const v1::Value& proto, int depth, ProtoReader* reader) {
  ValueList list;
  if (depth >= kValueDepthMax) {
    reader->Refuse("", fmt::format("be nested at most {} deep", kValueDepthMax));
    return list;
  }
  list.reserve(static_cast<size_t>(proto.elements_size()));
  for (int i = 0; i < proto.elements_size() && reader->ok(); ++i) {
    const ProtoReader::Inside inside(reader, "elements", i);
    list.push_back(ReadAtDepth(proto.elements(i), depth + 1, reader));
  }
  return list;
}

Value ReadObject(const v1::Value& proto, int depth, ProtoReader* reader) {
  if (proto.keys_size() != proto.elements_size()) {
    reader->Refuse("keys", fmt::format("be as many as the elements, {}, got {}",
                                       proto.elements_size(), proto.keys_size()));
    return {};
  }
  ValueList elements = ReadElements(proto, depth, reader);
  ValueObject object;
  object.reserve(elements.size());
  for (size_t i = 0; i < elements.size(); ++i) {
    object.emplace_back(proto.keys(static_cast<int>(i)), std::move(elements[i]));
  }
  return object;
}

Value ReadAtDepth(const v1::Value& proto, int depth, ProtoReader* reader) {
  switch (proto.kind()) {
    case v1::VALUE_KIND_UNSPECIFIED:
      return {};
    case v1::VALUE_KIND_BOOL:
      return proto.truth();
    case v1::VALUE_KIND_INTEGER:
      return int64_t{proto.integer()};
    case v1::VALUE_KIND_NUMBER:
      if (!std::isfinite(proto.number())) {
        reader->Refuse("number", fmt::format("be finite, got {}", proto.number()));
      }
      return proto.number();
    case v1::VALUE_KIND_TEXT:
      return proto.text();
    case v1::VALUE_KIND_LIST:
      return ReadElements(proto, depth, reader);
    case v1::VALUE_KIND_OBJECT:
      return ReadObject(proto, depth, reader);
    default:
      reader->Refuse("kind", fmt::format("be a known one, got {}", static_cast<int>(proto.kind())));
      return {};
  }
}

}  // namespace

void WriteValue(const Value& value, v1::Value* proto) {
  if (const bool* truth = value.AsBool()) {
    proto->set_kind(v1::VALUE_KIND_BOOL);
    proto->set_truth(*truth);
  } else if (const int64_t* integer = value.AsInteger()) {
    proto->set_kind(v1::VALUE_KIND_INTEGER);
    proto->set_integer(*integer);
  } else if (const double* number = value.AsDouble()) {
    proto->set_kind(v1::VALUE_KIND_NUMBER);
    proto->set_number(*number);
  } else if (const std::string* text = value.AsString()) {
    proto->set_kind(v1::VALUE_KIND_TEXT);
    proto->set_text(*text);
  } else if (const ValueList* list = value.AsList()) {
    proto->set_kind(v1::VALUE_KIND_LIST);
    for (const Value& element : *list) {
      WriteValue(element, proto->add_elements());
    }
  } else if (const ValueObject* object = value.AsObject()) {
    proto->set_kind(v1::VALUE_KIND_OBJECT);
    for (const auto& [key, element] : *object) {
      proto->add_keys(key);
      WriteValue(element, proto->add_elements());
    }
  }
}

Value ReadValue(const v1::Value& proto, ProtoReader* reader) {
  return ReadAtDepth(proto, 0, reader);
}

}  // namespace squall
