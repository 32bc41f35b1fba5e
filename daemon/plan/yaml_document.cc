#include "daemon/plan/yaml_document.h"

#include <algorithm>
#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <streambuf>
#include <unordered_set>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

constexpr size_t kProblemsMax = 100;  // the caller shows fewer
// Aliases may repeat text; four times what can be written out is generous.
constexpr size_t kExpandedBytesMax = 4 * kYamlBytesMax;

// Thrown through yaml-cpp, which cannot be told to stop in any other way; caught in ReadYaml.
struct StopReading {};

// Hands the text out in blocks, and ends it early when the parser looks too far ahead: while an
// open bracket may still turn out to be a key, it buffers every token behind it (some 150 bytes
// each), so a hostile text would cost gigabytes before the first event.
class BoundedBuffer final : public std::streambuf {
 public:
  explicit BoundedBuffer(std::string_view text) : rest_(text) {}

  void OnEvent() { marks_ahead_ = 0; }
  bool EndedEarly() const { return ended_early_; }
  static std::string EndedEarlyMessage() {
    return fmt::format("must not have more than {} brackets, commas and quotes in one value",
                       kMarksAheadMax);
  }

 private:
  static constexpr size_t kBlockBytes = 4096;
  // A long text may hold marks, too, but hardly so many.
  static constexpr size_t kMarksAheadMax = 1'000'000;
  static constexpr std::string_view kMarks = "[{,&!*\"'";

  int_type underflow() override {
    const std::string_view block = rest_.substr(0, kBlockBytes);
    for (const char c : block) {
      marks_ahead_ += kMarks.find(c) != std::string_view::npos ? 1 : 0;
    }
    ended_early_ = ended_early_ || marks_ahead_ > kMarksAheadMax;
    if (block.empty() || ended_early_) {
      return traits_type::eof();
    }
    rest_.remove_prefix(block.size());
    char* begin = const_cast<char*>(block.data());  // a get area is never written to
    setg(begin, begin, begin + block.size());
    return traits_type::to_int_type(static_cast<unsigned char>(*begin));
  }

  std::string_view rest_;
  size_t marks_ahead_ = 0;
  bool ended_early_ = false;
};

// Turns the parser's events into a tree, without recursion.
class TreeBuilder final : public YAML::EventHandler {
 public:
  // Both outlive the builder.
  TreeBuilder(int file, BoundedBuffer* buffer, YamlDocument* document)
      : file_(file), buffer_(buffer), document_(document) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) {
      Stop(MarkOf(mark), "must hold one YAML document, got a second one");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.mark = MarkOf(mark);
    Complete(std::move(node), anchor, {1, 0, 0});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) {
      Stop(MarkOf(mark), "must not contain itself: the alias stands inside its own anchor");
    }
    const Extent extent = found->second.extent;
    Charge(extent, MarkOf(mark));
    Attach(found->second.node, extent);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.mark = MarkOf(mark);
    node.text = value;
    node.quoted = tag != "?";
    CheckTag(tag, node.mark);
    Complete(std::move(node), anchor, {1, 0, value.size()});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Extent {
    size_t nodes = 0;
    size_t height = 0;  // 0 for scalars
    size_t bytes = 0;
  };
  struct Anchored {
    YamlNode node;
    Extent extent;
  };
  // A list or map that is still open.
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    Extent extent;
    std::optional<YamlNode> key;  // read, its value comes next
    bool key_is_duplicate = false;
    std::unordered_set<std::string> keys;
    std::vector<YamlEntry> merged;  // from "<<", used where there is no own key
  };

  TextMark MarkOf(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  std::string Path() const {
    std::string path;
    for (const Frame& frame : open_) {
      if (frame.node.IsList()) {
        path = JoinIndex(path, frame.node.items.size());
      } else if (frame.key) {
        path = JoinKey(path, frame.key->text);
      }
    }
    return path;
  }

  void Report(const TextMark& mark, std::string message) {
    document_->problems.push_back({mark, Path(), std::move(message)});
    if (document_->problems.size() >= kProblemsMax) {
      throw StopReading();
    }
  }

  [[noreturn]] void Stop(const TextMark& mark, std::string message) {
    Report(mark, std::move(message));
    throw StopReading();
  }

  void CheckTag(const std::string& tag, const TextMark& mark) {
    if (tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str" && !tag.empty()) {
      Report(mark, fmt::format("must not have a tag, got '{}'", tag));
    }
  }

  // Every event but the ends of lists and maps comes by here.
  void Charge(const Extent& extent, const TextMark& mark) {
    buffer_->OnEvent();
    nodes_ += extent.nodes;
    bytes_ += extent.bytes;
    if (nodes_ > kYamlNodesMax) {
      Stop(mark, fmt::format("must not have more than {} values, aliases included", kYamlNodesMax));
    }
    if (bytes_ > kExpandedBytesMax) {
      Stop(mark, fmt::format("must not have more than {} MiB of text, aliases included",
                             kExpandedBytesMax >> 20));
    }
    CheckDepth(open_.size() + extent.height, mark);
  }

  void CheckDepth(size_t depth, const TextMark& mark) {
    if (depth > kYamlDepthMax) {
      Stop(mark, fmt::format("must not be nested deeper than {}", kYamlDepthMax));
    }
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    CheckDepth(open_.size() + 1, MarkOf(mark));
    CheckTag(tag, MarkOf(mark));
    Charge({1, 0, 0}, MarkOf(mark));
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = MarkOf(mark);
    frame.anchor = anchor;
    frame.extent.nodes = 1;
    open_.push_back(std::move(frame));
  }

  void Close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    frame.extent.height += 1;
    for (YamlEntry& entry : frame.merged) {
      if (frame.keys.insert(entry.key).second) {
        frame.node.entries.push_back(std::move(entry));
      }
    }
    Remember(frame.node, frame.anchor, frame.extent);
    Attach(std::move(frame.node), frame.extent);
  }

  void Complete(YamlNode node, YAML::anchor_t anchor, const Extent& extent) {
    Charge(extent, node.mark);
    Remember(node, anchor, extent);
    Attach(std::move(node), extent);
  }

  void Remember(const YamlNode& node, YAML::anchor_t anchor, const Extent& extent) {
    if (anchor != 0) {
      Charge({extent.nodes, 0, extent.bytes}, node.mark);  // the copy costs memory too
      anchored_[anchor] = {node, extent};
    }
  }

  void Attach(YamlNode node, const Extent& extent) {
    if (open_.empty()) {
      document_->root = std::move(node);
      return;
    }
    Frame& frame = open_.back();
    frame.extent.nodes += extent.nodes;
    frame.extent.bytes += extent.bytes;
    frame.extent.height = std::max(frame.extent.height, extent.height);
    if (frame.node.IsList()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      TakeKey(&frame, std::move(node));
    } else {
      AddEntry(&frame, std::move(node));
    }
  }

  void TakeKey(Frame* frame, YamlNode key) {
    const TextMark mark = key.mark;
    if (!key.IsScalar()) {
      Report(mark, "must have text as keys");
      key = YamlNode();
      key.mark = mark;
    }
    const bool fresh = frame->keys.insert(key.text).second;
    frame->key_is_duplicate = !fresh && key.IsScalar() && key.text != "<<";
    frame->key = std::move(key);
    if (frame->key_is_duplicate) {
      Report(mark, "must not be there twice");
    }
  }

  void AddEntry(Frame* frame, YamlNode value) {
    const YamlNode& key = *frame->key;
    if (value.IsNull()) {
      value.mark = key.mark;  // the parser knows only where the next token stands
    }
    if (key.text == "<<" && !key.quoted) {
      MergeIn(frame, value);
    } else if (key.IsScalar() && !frame->key_is_duplicate) {
      frame->node.entries.push_back({key.text, key.mark, std::move(value)});
    }
    frame->key.reset();
  }

  // "<<: *base", or a list of them. The map's own keys win, wherever they stand, so merged ones are
  // kept apart until it closes.
  void MergeIn(Frame* frame, const YamlNode& value) {
    const std::vector<YamlNode> single = {value};
    for (const YamlNode& base : value.IsList() ? value.items : single) {
      if (!base.IsMap()) {
        Report(value.mark, "must be a map or a list of maps");
        return;
      }
      frame->merged.insert(frame->merged.end(), base.entries.begin(), base.entries.end());
    }
  }

  const int file_;
  BoundedBuffer* const buffer_;
  YamlDocument* const document_;
  int documents_ = 0;
  size_t nodes_ = 0;
  size_t bytes_ = 0;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, Anchored> anchored_;
};

bool NeedsQuotes(std::string_view key) {
  return key.empty() || key.find_first_of(".[]\"= \n") != std::string_view::npos;
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) {
      return &entry.value;
    }
  }
  return nullptr;
}

YamlNode* YamlNode::Find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).Find(key));
}

YamlDocument ReadYaml(std::string_view text, int file) {
  YamlDocument document;
  if (const auto fault = FindTextFault(text)) {
    document.problems.push_back({{file, fault->line, fault->column}, "", fault->message});
    return document;
  }
  BoundedBuffer buffer(text);
  std::istream stream(&buffer);
  TreeBuilder builder(file, &buffer, &document);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    document.complete = !buffer.EndedEarly();
  } catch (const StopReading&) {
    return document;  // the builder has said why
  } catch (const YAML::Exception& error) {
    document.problems.push_back({{file, error.mark.line + 1, error.mark.column + 1},
                                 "",
                                 fmt::format("must be valid YAML: {}", error.msg)});
  }
  if (buffer.EndedEarly()) {  // what the parser made of the cut text does not matter
    document.problems = {{{file, 1, 1}, "", BoundedBuffer::EndedEarlyMessage()}};
  }
  return document;
}

std::string JoinKey(std::string_view path, std::string_view key) {
  const std::string part = NeedsQuotes(key) ? fmt::format("\"{}\"", Shown(key)) : Shown(key);
  return path.empty() ? part : fmt::format("{}.{}", path, part);
}

std::string JoinIndex(std::string_view path, size_t index) {
  return fmt::format("{}[{}]", path, index);
}

}  // namespace squall
