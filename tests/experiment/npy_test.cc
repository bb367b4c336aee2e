// The .npy format as numpy writes it (tests/data/arrays), its versions byte by byte, and everything else
// refused.
#include "experiment/npy.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>

#include "error_of.h"

namespace headspec::experiment {
namespace {

using Shape = std::vector<std::size_t>;
using Values = std::vector<double>;

constexpr const char* kNext = "; write it with numpy.save as float32 or float64, layers by heads";

std::string Array(int version, std::string_view header, std::string_view data) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) file += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return file.append(header).append(data);
}

template <typename Number>
std::string BytesOf(const std::vector<Number>& values) {
  std::string bytes(values.size() * sizeof(Number), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string Header(std::string_view type, std::string_view order, std::string_view shape) {
  return "{'descr': '" + std::string(type) + "', 'fortran_order': " + std::string(order) +
         ", 'shape': " + std::string(shape) + ", }\n";
}

std::string Doubles(std::string_view shape, const Values& values, std::string_view order = "False") {
  return Array(1, Header("<f8", order, shape), BytesOf(values));
}

std::string Refused(std::string_view bytes) {
  return ErrorOf([&] { ParseNpy(bytes, "x.npy"); });
}

NpyArray Stored(const std::string& name) {
  std::ifstream in(std::string(HEADSPEC_TEST_DATA) + "/data/arrays/" + name, std::ios::binary);
  return ParseNpy(std::string{std::istreambuf_iterator<char>(in), {}}, name);
}

// numpy.arange(6).reshape(2, 3) / 4 in every layout.
TEST(Npy, ReadsWhatNumpyWrites) {
  const Values expected = {0, 0.25, 0.5, 0.75, 1, 1.25};
  for (const char* name :
       {"f8.npy", "f4.npy", "f8-fortran.npy", "f4-fortran.npy", "f8-v2.npy", "f8-v3.npy"}) {
    const NpyArray array = Stored(name);
    EXPECT_EQ(array.shape, (Shape{2, 3})) << name;
    EXPECT_EQ(array.values, expected) << name;
  }
}

TEST(Npy, ReadsEveryNumberOfDimensions) {
  EXPECT_EQ(Stored("f8-1d.npy").shape, (Shape{6}));
  EXPECT_EQ(Stored("f8-0d.npy").shape, Shape{});
  EXPECT_EQ(Stored("f8-0d.npy").values, Values{1.5});
  const NpyArray cube = Stored("f8-3d-fortran.npy");  // numpy.arange(24).reshape(2, 3, 4)
  EXPECT_EQ(cube.shape, (Shape{2, 3, 4}));
  for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ(cube.values[i], static_cast<double>(i));
}

TEST(Npy, ReadsAllVersions) {
  for (const int version : {1, 2, 3}) {
    const NpyArray array =
        ParseNpy(Array(version, Header("<f4", "False", "(2,)"), BytesOf<float>({1, 2})), "x.npy");
    EXPECT_EQ(array.values, (Values{1, 2})) << version;
  }
}

TEST(Npy, ReadsTheHeaderOfOtherWriters) {
  const std::string data = BytesOf<double>({1, 2});
  for (const char* header : {"{'shape':(2,1),'fortran_order':False,'descr':'<f8'}",
                             "{ 'descr' : '<f8' , 'fortran_order' : False , 'shape' : ( 2 , 1 ) }"}) {
    EXPECT_EQ(ParseNpy(Array(1, header, data), "x.npy").shape, (Shape{2, 1})) << header;
  }
}

TEST(Npy, ReadsEmptyArrays) {
  EXPECT_EQ(ParseNpy(Doubles("(0, 4)", {}), "x.npy").values, Values{});
  EXPECT_EQ(ParseNpy(Doubles("(4, 0)", {}, "True"), "x.npy").values, Values{});
}

TEST(Npy, RefusesOtherFiles) {
  for (const std::string& bytes :
       {std::string(), std::string("\x93NUMPY"), std::string("NUMPY 123456789"), std::string(100, '\0')}) {
    EXPECT_EQ(Refused(bytes), std::string("kInput: x.npy: not an .npy array") + kNext);
  }
}

TEST(Npy, RefusesOtherVersions) {
  for (const int version : {0, 4, 255}) {
    EXPECT_EQ(Refused(Array(version, Header("<f8", "False", "(1,)"), BytesOf<double>({1}))),
              "kInput: x.npy: expected .npy format version 1 to 3, found " + std::to_string(version) + kNext);
  }
}

TEST(Npy, RefusesOtherTypes) {
  for (const char* type : {">f8", ">f4", "<f2", "<i8", "<i4", "|b1", "|O", "<c8", "<f16", "=f8", "f8", ""}) {
    EXPECT_EQ(Refused(Array(1, Header(type, "False", "(1,)"), std::string(8, '\0'))),
              std::string("kInput: x.npy: expected type '<f8' or '<f4', found '") + type + "'" + kNext);
  }
  // A structured type is a list, not a string.
  EXPECT_EQ(Refused(Array(1, "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }",
                          std::string(8, '\0'))),
            std::string("kInput: x.npy: no 'descr' in the header") + kNext);
}

TEST(Npy, RefusesAnIncompleteHeader) {
  EXPECT_EQ(Refused(Array(1, "{'fortran_order': False, 'shape': (1,), }", "")),
            std::string("kInput: x.npy: no 'descr' in the header") + kNext);
  EXPECT_EQ(Refused(Array(1, "{'descr': '<f8', 'shape': (1,), }", "")),
            std::string("kInput: x.npy: no 'fortran_order' in the header") + kNext);
  EXPECT_EQ(Refused(Array(1, "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,), }", "")),
            std::string("kInput: x.npy: no 'fortran_order' in the header") + kNext);
  for (const char* shape : {"(-1, 4)", "(1.5,)", "[1]", "(1"}) {
    EXPECT_EQ(Refused(Array(1, Header("<f8", "False", shape), "")),
              std::string("kInput: x.npy: no 'shape' of numbers below a billion in the header") + kNext)
        << shape;
  }
}

TEST(Npy, RefusesTruncatedFiles) {
  const std::string whole = Doubles("(2, 3)", {1, 2, 3, 4, 5, 6});
  const std::size_t header = whole.size() - 48;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(Refused(whole.substr(0, size)), "no error") << size;
  }
  EXPECT_EQ(Refused(whole.substr(0, header - 1)), "kInput: x.npy: truncated: header of " +
                                                      std::to_string(header - 10) + " bytes in a file of " +
                                                      std::to_string(header - 1) + kNext);
  EXPECT_EQ(Refused(whole.substr(0, whole.size() - 1)),
            std::string("kInput: x.npy: expected 48 bytes of data for its shape, found 47") + kNext);
  EXPECT_EQ(Refused(whole + "x"),
            std::string("kInput: x.npy: expected 48 bytes of data for its shape, found 49") + kNext);
}

TEST(Npy, RefusesShapesLargerThanTheFile) {
  EXPECT_EQ(Refused(Doubles("(1000000000000,)", {1})),
            std::string("kInput: x.npy: no 'shape' of numbers below a billion in the header") + kNext);
  for (const char* shape : {"(999999999, 999999999)", "(999999999, 999999999, 999999999)",
                            "(4294967, 4294967, 999999999, 1024)"}) {
    EXPECT_EQ(Refused(Doubles(shape, {1})),
              std::string("kInput: x.npy: truncated: the shape needs more data than the file has") + kNext)
        << shape;
  }
}

// std::regex goes one level deeper for every character.
TEST(Npy, RefusesALongHeader) {
  const std::string next = " bytes" + std::string(kNext);
  std::string dimensions = "(";
  while (dimensions.size() < 60000) dimensions += "1,";
  EXPECT_EQ(Refused(Array(1, Header("<f8", "False", dimensions + ")"), BytesOf<double>({1}))),
            "kInput: x.npy: expected a header of at most 10000 bytes, found 60056" + std::string(kNext));
  dimensions.resize(9901);
  EXPECT_EQ(ParseNpy(Doubles(dimensions + ")", {1}), "x.npy").shape.size(), 4950u);
}

}  // namespace
}  // namespace headspec::experiment
