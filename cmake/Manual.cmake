# Manual pages and completion, written by the program from the definitions of its command line.
include(GNUInstallDirs)

set(manual ${PROJECT_BINARY_DIR}/share)
set(bash_completion ${manual}/bash-completion/completions/headspec)
set(zsh_completion ${manual}/zsh/site-functions/_headspec)
set(fish_completion ${manual}/fish/vendor_completions.d/headspec.fish)
add_custom_command(OUTPUT ${manual}/man/man1/headspec.1 ${bash_completion} ${zsh_completion} ${fish_completion}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}/bash-completion/completions ${manual}/zsh/site-functions
          ${manual}/fish/vendor_completions.d
  COMMAND headspec man --into ${manual}/man/man1
  COMMAND headspec completion bash > ${bash_completion}
  COMMAND headspec completion zsh > ${zsh_completion}
  COMMAND headspec completion fish > ${fish_completion}
  DEPENDS headspec
  COMMENT "Writing manual pages and completion"
  VERBATIM)
add_custom_target(headspec_manual ALL DEPENDS ${manual}/man/man1/headspec.1)
install(DIRECTORY ${manual}/ DESTINATION ${CMAKE_INSTALL_DATADIR})
