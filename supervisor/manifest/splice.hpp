#pragma once
#include "supervisor/manifest/document.hpp"
#include "supervisor/manifest/emit.hpp"

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::manifest {

/// It is written in a way that text cannot be put into; the message says where.
struct cannot_splice : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Additions to a document and removals from it, at the places that the parser gave: whatever else stands there, its
/// comments and its order too, stays byte for byte. Gathered first, and then applied at once.
class splice {
 public:
  explicit splice(const document& of);

  /// Before the item `index` of a list, or behind its last; above the comments that belong to that item.
  void insert_items(const node& list, std::size_t index, const std::vector<node>& items);
  /// A member of a mapping, above the member `before`, or behind the last one where that is empty. `remark` becomes a
  /// comment where there can be one.
  void insert_member(const node& mapping, std::string_view before, std::string_view name, const node& value,
                     std::string_view remark = {});
  /// As insert_member(), below the member of that name, which is a scalar in one line.
  void insert_member_below(const node& mapping, std::string_view above, std::string_view name, const node& value);
  void remove_item(const node& list, std::size_t index);
  void remove_member(const node& mapping, const yaml::member& which);

  /// Whether the line of that node ends in the comment.
  bool has_remark(const node& at, std::string_view remark) const;
  bool empty() const { return edits_.empty(); }
  std::string applied() const;

 private:
  struct edit {
    std::size_t at;
    std::size_t erased;
    std::string text;
  };
  bool is_flow(const node& of) const;
  std::size_t offset(yaml::position at) const;
  int line_count() const { return static_cast<int>(lines_.size()) - 1; }
  std::string_view line(int number) const;
  int last_line(const node& of, int column) const;
  int above_comments(int line, int column) const;
  std::size_t end_of(const node& of) const;
  void insert_lines(int before, std::string text);
  void remove_lines(int from, int end);
  void remove_in_line(std::size_t begin, std::size_t end);
  [[noreturn]] void refuse(yaml::position at, const std::string& why) const;

  const document& of_;
  const notation as_;
  std::vector<std::size_t> lines_;  ///< where each begins, and the end of the text
  /// The line on which what follows a node begins, in the order of the document.
  std::map<const node*, int> next_line_;
  std::vector<edit> edits_;
};

}  // namespace podmedic::manifest
