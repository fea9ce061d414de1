# pais_part(<name> SOURCES a.cpp … HEADERS a.h … [USES part …] [PRIVATE_LIBRARIES lib …])
#
# One folder of cpp/, one static library `pais_<name>`, linked to exactly the parts its arrows allow. Headers are
# included from the top of cpp/ (`#include "base/error.h"`) and each must compile alone.
function(pais_part name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "SOURCES;HEADERS;USES;PRIVATE_LIBRARIES")
  add_library(pais_${name} STATIC ${part_SOURCES})
  target_sources(pais_${name} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/cpp" FILES ${part_HEADERS})
  list(TRANSFORM part_USES PREPEND pais_ OUTPUT_VARIABLE used)
  target_link_libraries(pais_${name} PUBLIC pais_options ${used} PRIVATE ${part_PRIVATE_LIBRARIES})
endfunction()

# pais_test(<part> SOURCES a_test.cpp … [USES part …] [LIBRARIES lib …])
#
# The tests of one part, in one program `pais_<part>_tests`; ctest sees each test by its own name.
function(pais_test name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "SOURCES;USES;LIBRARIES")
  add_executable(pais_${name}_tests ${part_SOURCES})
  list(TRANSFORM part_USES PREPEND pais_ OUTPUT_VARIABLE used)
  target_link_libraries(pais_${name}_tests PRIVATE pais_test_support pais_${name} ${used} ${part_LIBRARIES}
                                                   GTest::gmock GTest::gtest_main)
  gtest_discover_tests(pais_${name}_tests DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
endfunction()
