// Writes deploy/injection/*.yaml anew: run by `make injection`.
#include "deploy/injection/generator/admission_policy.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::fprintf(stderr, "which directory holds the templates (*.yaml.in)?\n");
    return 2;
  }
  for (const auto& each : std::filesystem::directory_iterator(arguments[1])) {
    if (each.path().extension() != ".in") continue;
    std::ostringstream text;
    text << std::ifstream(each.path()).rdbuf();
    std::filesystem::path made = each.path();
    std::ofstream(made.replace_extension()) << podmedic::injection::admission_policy(text.str());
  }
}
