#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::manifest {

struct injection {
  std::string image;
  bool rule = true;             ///< the restart rule; without: --restart-method SignalAll
  std::string service_account;  ///< with a token for podmedic alone; empty: no access to the API
};

struct injected {
  std::string text;                  ///< the whole file; empty where there is an error
  std::vector<std::string> remarks;  ///< what people should know, a line each
  std::vector<std::string> errors;
  int pods = 0;
};

/// Puts podmedic into each Pod and Pod template of a file: nothing but additions, so that all that stands there stays
/// as it is written, and none where all is there already. Left out are Pods with the label podmedic.io/inject:
/// "false"; Windows is an error. What was made is read again and compared before it is returned. Pure.
injected inject(std::string_view file, const injection& what);

/// Takes out what inject() put in; uninject(inject(file)) is the file, byte for byte where its Pods are written in
/// lines of their own. In braces, which have no comments, `shareProcessNamespace: true` and a ServiceAccount stay.
injected uninject(std::string_view file);

}  // namespace podmedic::manifest
