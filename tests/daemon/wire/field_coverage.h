// Which fields of a message type a set of messages used: a field that no message ever sets is one
// that the conversion forgot.
#pragma once

#include <set>
#include <string>

#include <google/protobuf/message.h>

namespace squall {

class FieldCoverage final {
 public:
  // Notes every field that is set in `message` or inside of it.
  void Add(const google::protobuf::Message& message);
  // Full names of the fields of `root` and of the messages inside of it that were never set.
  std::set<std::string> Missing(const google::protobuf::Descriptor& root) const;

 private:
  std::set<std::string> seen_;
};

}  // namespace squall
