// Which variables a plan sets and which it reads, to find the ones that can never have a value.
// Data sets are not variables: a pick takes from them. One thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/plan/plan.h"
#include "daemon/plan/reader.h"

namespace squall {

class VariableLedger final {
 public:
  // What follows belongs to the user class number `index`; -1: to every class (service headers).
  void EnterClass(int index) { class_ = index; }
  void Set(const std::string& name, VariableScope scope);
  enum class Use : uint8_t {
    kValue,   // must be there when the step runs
    kMaybe,   // has a default, or is only asked about
    kSource,  // of a pick; may be a data set instead
  };
  // `name` may be dotted.
  void Read(std::string_view name, const Place& place, Use use);

  // Reports variables that nothing sets: an error, or a warning for kMaybe.
  void Check(const std::vector<DataSet>& data, Problems* problems) const;

 private:
  struct Reader {
    std::string name;
    Place place;
    Use use = Use::kValue;
    int in_class = -1;
  };
  bool IsSet(const std::string& name, int in_class) const;

  int class_ = -1;
  std::set<std::string> shared_;                      // seen by every class
  std::set<std::pair<int, std::string>> of_classes_;  // seen by the users of one class
  std::vector<Reader> readers_;
};

}  // namespace squall
