#include "tests/daemon/wire/field_coverage.h"

#include <vector>

#include <google/protobuf/descriptor.h>

namespace squall {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

void Collect(const Descriptor& type, std::set<std::string>* types, std::set<std::string>* fields) {
  if (!types->insert(type.full_name()).second) {
    return;
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    fields->insert(field.full_name());
    const Descriptor* inner = field.message_type();
    if (inner != nullptr && inner->file()->package() == type.file()->package()) {
      Collect(*inner, types, fields);
    }
  }
}

}  // namespace

void FieldCoverage::Add(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> set_fields;
  reflection.ListFields(message, &set_fields);
  for (const FieldDescriptor* field : set_fields) {
    seen_.insert(field->full_name());
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    if (!field->is_repeated()) {
      Add(reflection.GetMessage(message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      Add(reflection.GetRepeatedMessage(message, field, i));
    }
  }
}

std::set<std::string> FieldCoverage::Missing(const Descriptor& root) const {
  std::set<std::string> types;
  std::set<std::string> missing;
  Collect(root, &types, &missing);
  for (const std::string& field : seen_) {
    missing.erase(field);
  }
  return missing;
}

}  // namespace squall
