# Warnings for developers, sanitizers on request; users of the library get neither.
add_library(headspec_warnings INTERFACE)
add_library(headspec::warnings ALIAS headspec_warnings)
if(HEADSPEC_STRICT)
  target_compile_options(headspec_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
endif()

# GCC fuses a * b + c into one rounding by default; the reference's rounding points are where the code says.
add_compile_options(-ffp-contract=off)

if(HEADSPEC_SANITIZE)
  add_compile_options(-fsanitize=${HEADSPEC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HEADSPEC_SANITIZE})
endif()
