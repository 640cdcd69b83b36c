#pragma once

/// The subcommands; each gets what stands behind its name, and returns the exit code.
int serve(int count, char** words);
int serve_http(int count, char** words);
int call(int count, char** words);
int fault(int count, char** words);
int append(int count, char** words);
