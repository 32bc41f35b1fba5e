#include "tests/support/kube/selector.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;
using Test = SelectorTerm::Test;

// At the commas outside parentheses.
std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t at = 0; at <= text.size(); ++at) {
    if (at == text.size() || (text[at] == ',' && depth == 0)) {
      parts.push_back(Trim(text.substr(begin, at - begin)));
      begin = at + 1;
    } else {
      depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
    }
  }
  return parts;
}

// "a=b", "a==b", "a!=b"; nullopt without '='.
std::optional<SelectorTerm> Equality(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return std::nullopt;
  }
  const bool negated = text[equals - 1] == '!';
  std::string_view value = text.substr(equals + 1);
  if (!negated && value.starts_with('=')) {
    value.remove_prefix(1);
  }
  const std::string_view key = text.substr(0, equals - (negated ? 1 : 0));
  return SelectorTerm{
      std::string(Trim(key)), negated ? Test::kNotIn : Test::kIn, {std::string(Trim(value))}};
}

// "a in (x,y)", "a notin (x)".
std::optional<SelectorTerm> Membership(std::string_view text) {
  const size_t open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')')) {
    return std::nullopt;
  }
  const std::string_view head = Trim(text.substr(0, open));
  const bool negated = head.ends_with(" notin");
  if (!negated && !head.ends_with(" in")) {
    return std::nullopt;
  }
  SelectorTerm term{
      std::string(Trim(head.substr(0, head.rfind(' ')))), negated ? Test::kNotIn : Test::kIn, {}};
  for (const std::string_view value : Split(text.substr(open + 1, text.size() - open - 2))) {
    term.values.emplace_back(value);
  }
  return term;
}

bool Passes(const SelectorTerm& term, const std::optional<std::string>& value) {
  const bool among =
      value && std::find(term.values.begin(), term.values.end(), *value) != term.values.end();
  switch (term.test) {
    case Test::kIn:
      return among;
    case Test::kNotIn:
      return !among;
    case Test::kExists:
      return value.has_value();
    case Test::kMissing:
      return !value.has_value();
  }
  return false;
}

}  // namespace

bool ObjectSelector::Matches(const json::object& object) const {
  const json::object* const own = DigObject(object, "metadata.labels");
  return std::all_of(labels.begin(), labels.end(),
                     [own](const SelectorTerm& term) {
                       const json::value* const value =
                           own == nullptr ? nullptr : own->if_contains(term.key);
                       const bool text = value != nullptr && value->is_string();
                       return Passes(term,
                                     text ? std::optional<std::string>(View(value->get_string()))
                                          : std::nullopt);
                     }) &&
         std::all_of(fields.begin(), fields.end(), [&object](const SelectorTerm& term) {
           return Passes(term, DigText(object, term.key));
         });
}

ApiRefusal ParseLabelSelector(std::string_view text, std::vector<SelectorTerm>* terms) {
  if (text.empty()) {
    return std::nullopt;
  }
  for (const std::string_view part : Split(text)) {
    if (auto term = Membership(part)) {
      terms->push_back(*std::move(term));
    } else if (auto equality = Equality(part)) {
      terms->push_back(*std::move(equality));
    } else if (part.empty() || part.find_first_of(" ()") != std::string_view::npos) {
      return BadRequestError(
          fmt::format("unable to parse requirement: found '{}', expected: identifier", part));
    } else {
      const bool missing = part.front() == '!';
      terms->push_back({std::string(Trim(part.substr(missing ? 1 : 0))),
                        missing ? Test::kMissing : Test::kExists,
                        {}});
    }
  }
  return std::nullopt;
}

ApiRefusal ParseFieldSelector(std::string_view text, const std::vector<std::string>& known,
                              std::vector<SelectorTerm>* terms) {
  if (text.empty()) {
    return std::nullopt;
  }
  for (const std::string_view part : Split(text)) {
    auto term = Equality(part);
    if (!term) {
      return BadRequestError(
          fmt::format("invalid selector: '{}'; can't understand '{}'", text, part));
    }
    const bool everywhere = term->key == "metadata.name" || term->key == "metadata.namespace";
    if (!everywhere && std::find(known.begin(), known.end(), term->key) == known.end()) {
      return BadRequestError(fmt::format("field label not supported: {}", term->key));
    }
    terms->push_back(*std::move(term));
  }
  return std::nullopt;
}

}  // namespace squall
