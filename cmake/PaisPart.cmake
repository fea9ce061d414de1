# What nearly every source includes sooner or later, compiled once where all of them are compiled in one go and thrown
# away: a fifth of the time. Elsewhere a source is compiled as it is written.
if(PAIS_SANITIZE)
  file(WRITE "${CMAKE_BINARY_DIR}/common_headers.cpp" "")
  add_library(pais_common_headers STATIC "${CMAKE_BINARY_DIR}/common_headers.cpp")
  target_link_libraries(pais_common_headers PRIVATE pais_options nlohmann_json::nlohmann_json Threads::Threads)
  target_precompile_headers(pais_common_headers PRIVATE
    <algorithm> <array> <chrono> <functional> <map> <memory> <mutex> <optional> <span> <stop_token> <string>
    <string_view> <unordered_map> <variant> <vector> <nlohmann/json.hpp>)
endif()

# pais_part(<name> SOURCES a.cpp … HEADERS a.h … [USES part …] [PRIVATE_LIBRARIES lib …])
#
# One folder of cpp/, one static library `pais_<name>`, linked to exactly the parts its arrows allow. Headers are
# included from the top of cpp/ (`#include "base/error.h"`) and each must compile alone. A source includes its own
# header before all others, so each build shows that of most; those that have no source are compiled by the target
# all_verify_interface_header_sets.
function(pais_part name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "SOURCES;HEADERS;USES;PRIVATE_LIBRARIES")
  add_library(pais_${name} STATIC ${part_SOURCES})
  list(TRANSFORM part_SOURCES REPLACE "\\.cpp$" ".h" OUTPUT_VARIABLE shown)
  set(unshown ${part_HEADERS})
  list(REMOVE_ITEM unshown ${shown})
  list(REMOVE_ITEM part_HEADERS ${unshown} "")
  target_sources(pais_${name} PUBLIC
    FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/cpp" FILES ${part_HEADERS}
    FILE_SET without_source TYPE HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/cpp" FILES ${unshown})
  set_target_properties(pais_${name} PROPERTIES INTERFACE_HEADER_SETS_TO_VERIFY without_source)
  list(TRANSFORM part_USES PREPEND pais_ OUTPUT_VARIABLE used)
  target_link_libraries(pais_${name} PUBLIC pais_options ${used} PRIVATE ${part_PRIVATE_LIBRARIES})
  if(PAIS_SANITIZE)
    target_precompile_headers(pais_${name} REUSE_FROM pais_common_headers)
  endif()
endfunction()

# pais_test(<part> SOURCES a_test.cpp … [USES part …] [LIBRARIES lib …])
#
# The tests of one part, in one program `pais_<part>_tests`. What nearly every test includes is compiled once for all of
# them (tests/cpp/CMakeLists.txt).
function(pais_test name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "SOURCES;USES;LIBRARIES")
  add_executable(pais_${name}_tests ${part_SOURCES})
  list(TRANSFORM part_USES PREPEND pais_ OUTPUT_VARIABLE used)
  target_link_libraries(pais_${name}_tests PRIVATE pais_test_support pais_${name} ${used} ${part_LIBRARIES}
                                                   GTest::gmock GTest::gtest_main)
  set_target_properties(pais_${name}_tests PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_precompile_headers(pais_${name}_tests REUSE_FROM pais_test_support)
  pais_tell_ctest(pais_${name}_tests)
endfunction()

# pais_tell_ctest(<program>)
#
# ctest sees each test of a program by its own name, and gives it a process of its own. Under a sanitizer, where most
# tests take less time than the start of their process, it sees the program in eight parts.
function(pais_tell_ctest program)
  if(NOT PAIS_SANITIZE)
    gtest_discover_tests(${program} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
    return()
  endif()
  set(parts 8)
  foreach(part RANGE 1 ${parts})
    math(EXPR index "${part} - 1")
    add_test(NAME ${program}.${part} COMMAND ${program})
    set_tests_properties(${program}.${part} PROPERTIES
      TIMEOUT 900 ENVIRONMENT "GTEST_TOTAL_SHARDS=${parts};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# pais_fuzz(<name> USES part …)
#
# A door that takes bytes from strangers: <name>_fuzz.cpp defines LLVMFuzzerTestOneInput, corpus/<name>/ holds what it
# has seen. With PAIS_BUILD_FUZZ it is a fuzzer, and its test a short run of it; without, its test takes every file of
# the corpus once, so that yesterday's crash stays mended under every compiler and sanitizer.
set(PAIS_FUZZ_SECONDS 10 CACHE STRING "How long the test of a fuzz target runs")
function(pais_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "USES")
  set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
  list(TRANSFORM part_USES PREPEND pais_ OUTPUT_VARIABLE used)
  add_executable(pais_${name}_fuzz ${name}_fuzz.cpp)
  target_link_libraries(pais_${name}_fuzz PRIVATE ${used})
  add_dependencies(pais_fuzzers pais_${name}_fuzz)
  if(PAIS_BUILD_FUZZ)
    target_link_options(pais_${name}_fuzz PRIVATE -fsanitize=fuzzer)
    set(found "${CMAKE_CURRENT_BINARY_DIR}/found/${name}")
    file(MAKE_DIRECTORY "${found}")
    add_test(NAME "Fuzz.${name}" COMMAND pais_${name}_fuzz -max_total_time=${PAIS_FUZZ_SECONDS} -timeout=10
                                         "-artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/${name}-" "${found}" "${corpus}")
  else()
    target_sources(pais_${name}_fuzz PRIVATE replay.cpp)
    add_test(NAME "Corpus.${name}" COMMAND pais_${name}_fuzz "${corpus}")
  endif()
endfunction()
