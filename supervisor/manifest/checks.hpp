#pragma once
#include "supervisor/manifest/finding.hpp"
#include "supervisor/manifest/subject.hpp"

/// What validate looks at, by what it is about.
namespace podmedic::manifest {

/// Every annotation by the parser of `podmedic run`, its mistakes where they stand in the file.
void check_annotations(const subject& pod, const document& in, findings& into);
/// podmedic's own container: its place, its rule, its probes and hooks, its volumes.
void check_sidecar(const subject& pod, findings& into);
/// Whether each probe, hook and action has what it needs of the Pod (needs.hpp), and names containers that there are.
void check_reach(const subject& pod, findings& into);
/// What in the rest of the Pod turns a restart into an outage, or keeps podmedic from its work.
void check_pod(const subject& pod, findings& into);

}  // namespace podmedic::manifest
