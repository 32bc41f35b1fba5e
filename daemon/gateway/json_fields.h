// One object of a request's JSON body, read strictly: a field that nobody has asked for is an
// error, with the nearest name. The first error is kept, and says which field must be what. Lives
// within one function; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <boost/json/value.hpp>

namespace squall {

// INVALID_ARGUMENT where `text` is not JSON, nests too deep or is no object.
absl::StatusOr<boost::json::value> ParseBodyObject(std::string_view text);

class JsonFields final {
 public:
  // `status` takes the first error; both outlive this. A field that is null is left out.
  JsonFields(const boost::json::object* object, std::string path, absl::Status* status)
      : object_(object), path_(std::move(path)), status_(status) {}

  std::optional<std::string> Text(std::string_view name, size_t bytes_max);
  std::optional<bool> Flag(std::string_view name);
  std::optional<uint64_t> Count(std::string_view name, uint64_t min, uint64_t max);
  std::optional<double> Number(std::string_view name, double min, double max);
  std::optional<double> PositiveNumber(std::string_view name, double max);
  std::vector<std::string> Texts(std::string_view name);
  std::map<std::string, std::string> TextByName(std::string_view name);
  // Of an array, nothing when it is left out. An element that is no object is an error.
  std::optional<std::vector<JsonFields>> Objects(std::string_view name, size_t max);

  bool Has(std::string_view name) const;
  bool IsNull(std::string_view name) const;  // it is there, as null
  void Refuse(std::string_view name, std::string_view must);
  // Checks that nothing else is in the object.
  void Finish();

 private:
  const boost::json::value* Find(std::string_view name);
  std::string PathOf(std::string_view name) const;
  std::optional<double> FiniteNumber(std::string_view name, std::string_view must);

  const boost::json::object* object_;
  std::string path_;  // "stages[2]"; "" of the body itself
  absl::Status* status_;
  std::vector<std::string> known_;  // fields that were asked for
};

}  // namespace squall
