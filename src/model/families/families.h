// One line for each family file beside this one.
#pragma once

#include "model/family.h"

namespace headspec::model {

extern const Family kPhi;
extern const Family kPhi3;
extern const Family kLlama;
extern const Family kMistral;
extern const Family kMixtral;
extern const Family kQwen2;
extern const Family kQwen2Moe;
extern const Family kQwen3;
extern const Family kQwen3Moe;
extern const Family kGemma;
extern const Family kGemma2;
extern const Family kGemma3;
extern const Family kGemma3Text;
extern const Family kStablelm;
extern const Family kStarcoder2;
extern const Family kOlmo;
extern const Family kOlmo2;
extern const Family kGranite;
extern const Family kCohere;
extern const Family kCohere2;
extern const Family kSmolLm3;
extern const Family kGpt2;
extern const Family kGptNeox;
extern const Family kGptj;
extern const Family kCodegen;
extern const Family kFalcon;
extern const Family kOpt;
extern const Family kBloom;
extern const Family kMpt;
extern const Family kBert;
extern const Family kRoberta;

}  // namespace headspec::model
