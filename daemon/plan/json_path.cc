#include "daemon/plan/json_path.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr size_t kPathBytesMax = 4'096;
constexpr size_t kPathStepsMax = 64;

// RFC 9535 has no '-' in a shorthand name; people write it, and it cannot mean anything else.
bool IsPathNamePart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

class JsonPath::Parser final {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Segment>> Parse() {
    if (text_.empty()) {
      return Error("must not be empty; '$' is the whole document");
    }
    if (text_.size() > kPathBytesMax) {
      return Error(fmt::format("must be at most {} bytes", kPathBytesMax));
    }
    if (Peek() == '$') {
      ++at_;
    } else if (Peek() != '.' && Peek() != '[') {
      SQUALL_RETURN_IF_ERROR(ParseName());
    }
    while (at_ < text_.size()) {
      if (segments_.size() == kPathStepsMax) {
        return Error(fmt::format("must have at most {} steps", kPathStepsMax));
      }
      if (Peek() == '.') {
        ++at_;
        SQUALL_RETURN_IF_ERROR(ParseName());
      } else if (Peek() == '[') {
        ++at_;
        SQUALL_RETURN_IF_ERROR(ParseBracket());
      } else {
        return Error("must be '.' or '['; a name with other characters goes into ['…']");
      }
    }
    return std::move(segments_);
  }

 private:
  absl::Status ParseName() {
    if (Peek() == '*') {
      ++at_;
      Add({Segment::Kind::kAll, "", 0});
      return absl::OkStatus();
    }
    if (Peek() == '.') {
      return Error("must be a name: '..' (any depth) is not supported, write the whole path");
    }
    const size_t start = at_;
    while (at_ < text_.size() && IsPathNamePart(text_[at_])) {
      ++at_;
    }
    if (at_ == start) {
      return Error("must be a name or '*'; a name with other characters goes into ['…']");
    }
    Add({Segment::Kind::kMember, std::string(text_.substr(start, at_ - start)), 0});
    return absl::OkStatus();
  }

  // What stands between '[' and ']', and the ']'.
  absl::Status ParseBracket() {
    Segment segment;
    if (Peek() == '\'' || Peek() == '"') {
      SQUALL_RETURN_IF_ERROR(ParseQuoted(&segment.member));
    } else if (Peek() == '*') {
      ++at_;
      segment.kind = Segment::Kind::kAll;
    } else {
      segment.kind = Segment::Kind::kIndex;
      const char* begin = text_.data() + at_;
      const auto read = std::from_chars(begin, text_.data() + text_.size(), segment.index);
      if (read.ec != std::errc()) {
        return Error("must be an index such as 0 or -1, '*', or a name in quotes");
      }
      at_ += static_cast<size_t>(read.ptr - begin);
    }
    if (Peek() != ']') {
      return Error("must be ']'; slices, unions and filters are not supported");
    }
    ++at_;
    Add(std::move(segment));
    return absl::OkStatus();
  }

  absl::Status ParseQuoted(std::string* name) {
    const char quote = text_[at_++];
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
        if (Peek() != quote && Peek() != '\\') {
          return Error("must be the quote or '\\' after '\\'");
        }
      }
      name->push_back(text_[at_]);
    }
    if (at_ >= text_.size()) {
      return Error(fmt::format("must have a closing {}", quote));
    }
    ++at_;
    return absl::OkStatus();
  }

  void Add(Segment segment) { segments_.push_back(std::move(segment)); }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  absl::Status Error(std::string_view message) const {
    return absl::InvalidArgumentError(fmt::format("offset {}: {}", at_, message));
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Segment> segments_;
};

absl::StatusOr<JsonPath> JsonPath::Compile(std::string_view text) {
  JsonPath path;
  SQUALL_ASSIGN_OR_RETURN(path.segments_, Parser(text).Parse());
  path.has_wildcard_ =
      std::any_of(path.segments_.begin(), path.segments_.end(),
                  [](const Segment& segment) { return segment.kind == Segment::Kind::kAll; });
  return path;
}

std::optional<Value> JsonPath::Find(const Value& root) const {
  if (has_wildcard_) {
    ValueList matches;
    Collect(0, root, &matches);
    return Value(std::move(matches));
  }
  const Value* found = FindOne(root);
  return found == nullptr ? std::nullopt : std::optional<Value>(*found);
}

const Value* JsonPath::FindOne(const Value& root) const {
  const Value* found = has_wildcard_ ? nullptr : &root;
  for (const Segment& segment : segments_) {
    if (found == nullptr) {
      return nullptr;
    }
    found = Step(segment, *found);
  }
  return found;
}

const Value* JsonPath::Step(const Segment& segment, const Value& value) {
  if (segment.kind == Segment::Kind::kMember) {
    return value.Find(segment.member);
  }
  const ValueList* list = value.AsList();
  if (list == nullptr) {
    return nullptr;
  }
  const auto size = static_cast<int64_t>(list->size());
  if (segment.index >= size || segment.index < -size) {
    return nullptr;
  }
  const int64_t index = segment.index < 0 ? segment.index + size : segment.index;
  return &(*list)[static_cast<size_t>(index)];
}

void JsonPath::Collect(size_t depth, const Value& value, ValueList* matches) const {
  if (depth == segments_.size()) {
    matches->push_back(value);
    return;
  }
  const Segment& segment = segments_[depth];
  if (segment.kind != Segment::Kind::kAll) {
    if (const Value* next = Step(segment, value)) {
      Collect(depth + 1, *next, matches);
    }
  } else if (const ValueList* list = value.AsList()) {
    for (const Value& each : *list) {
      Collect(depth + 1, each, matches);
    }
  } else if (const ValueObject* object = value.AsObject()) {
    for (const auto& member : *object) {
      Collect(depth + 1, member.second, matches);
    }
  }
}

}  // namespace squall
