/* lib/bus/fwupd_jobs.h - the objects of jobs of org.ocfgw.Firmware1; for lib/bus only. */
#pragma once

#include "bus/fwupd_vtable.h"

struct sd_bus;
struct sd_bus_message;
struct sd_bus_slot;

#define FWUPD_PATH      "/org/ocfgw/Firmware1"
#define FWUPD_PATH_ROOM ((size_t)64)

struct fwupd_job {
	struct fwupd_jobs *all;
	uint32_t id; /* 0: free */
	struct fwupd_job_facts facts;
	struct sd_bus_message *asked; /* a call that waits for the end; NULL: none */
};

struct fwupd_jobs {
	struct bus *bus;
	const struct fwupd_calls *calls;
	void *arg;
	struct fwupd_job at[FWUPD_JOBS_MAX];
	struct sd_bus_slot *slot, *list_slot;
};

/* Puts them on a connection, in place of the last one. Errors of sd-bus. */
MUST_USE int fwupd_jobs_attach(struct fwupd_jobs *jobs, struct sd_bus *sd);
void fwupd_jobs_done(struct fwupd_jobs *jobs);
/* The path of its object; "/" for no job. */
void fwupd_job_path(uint32_t id, char ret[FWUPD_PATH_ROOM]);
struct fwupd_job *fwupd_job_find(struct fwupd_jobs *jobs, uint32_t id); /* NULL: not there */
/* As fwupd_vtable_job(). True: that was its end. */
bool fwupd_jobs_tell(struct fwupd_jobs *jobs, uint32_t id, const struct fwupd_job_facts *now);
/* As fwupd_vtable_forget(). */
void fwupd_jobs_forget(struct fwupd_jobs *jobs, uint32_t id);
