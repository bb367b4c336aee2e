# The headers' comments as Doxygen reads them: the one on top is the file's, one above a declaration the
# declaration's, one behind it likewise.
1s|^// |/// @file\n/// |
/^} *\/\/ namespace/b
s|^\( *\)// |\1/// |
s|\([;,{}]  *\)// |\1///< |
s|= default;$|= default;  ///< Member by member.|
# What is no command and no tag of Doxygen.
/\/\/\//{
  s|\[@|[\\@|g
  s|<\([0-9][^>]*\)>|\\<\1\\>|g
  s| --\([a-z]\)| \\--\1|g
}
