# How every part is compiled: warnings, sanitizers, ccache.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(pais_options INTERFACE)
target_compile_options(pais_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough)
if(PAIS_WARNINGS_AS_ERRORS)
  target_compile_options(pais_options INTERFACE -Werror)
endif()
if(PAIS_SANITIZE)
  target_compile_options(pais_options INTERFACE -fsanitize=${PAIS_SANITIZE} -fno-omit-frame-pointer
                                                -fno-sanitize-recover=all)
  target_link_options(pais_options INTERFACE -fsanitize=${PAIS_SANITIZE})
endif()
