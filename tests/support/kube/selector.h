// Label and field selectors, as query parameters carry them. Values; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "tests/support/kube/api_error.h"

namespace squall {

struct SelectorTerm {
  enum class Test { kIn, kNotIn, kExists, kMissing };
  std::string key;
  Test test = Test::kIn;
  std::vector<std::string> values;
};

struct ObjectSelector {
  std::vector<SelectorTerm> labels;
  std::vector<SelectorTerm> fields;

  bool empty() const { return labels.empty() && fields.empty(); }
  bool Matches(const boost::json::object& object) const;
};

// "app=a,tier in (x, y),!old,stage!=test". 400 for what is none.
ApiRefusal ParseLabelSelector(std::string_view text, std::vector<SelectorTerm>* terms);
// "metadata.name=a,status.phase!=Running"; `known` are the paths that the type can be asked for,
// besides metadata.name and metadata.namespace.
ApiRefusal ParseFieldSelector(std::string_view text, const std::vector<std::string>& known,
                              std::vector<SelectorTerm>* terms);

}  // namespace squall
