#include "fw/job.h"

const char *const JOB_KIND_NAMES[] = {"check", "install", "download", NULL};
const char *const JOB_PHASE_NAMES[] = {
	[JOB_DISCOVERING] = "discovering", [JOB_FETCHING] = "fetching-manifest",
	[JOB_VALIDATING] = "validating",   [JOB_DEFERRED] = "deferred",
	[JOB_DOWNLOADING] = "downloading", [JOB_VERIFYING] = "verifying",
	[JOB_INSTALLING] = "installing",   [JOB_DONE] = "done",
	[JOB_FAILED] = "failed",           [JOB_PHASES] = NULL,
};
const char *const JOB_RESULT_NAMES[] = {
	[JOB_RUNNING] = "",
	[JOB_UPDATE_AVAILABLE] = "update-available",
	[JOB_NO_UPDATE] = "no-update",
	[JOB_DOWNLOADED] = "downloaded",
	[JOB_INSTALLED] = "installed",
	[JOB_ERROR] = "failed",
};

enum who {
	CHECK = 1 << JOB_CHECK,
	FETCH = 1 << JOB_DOWNLOAD,
	INSTALL = 1 << JOB_INSTALL,
	WRITE = FETCH | INSTALL, /* whoever fills a slot */
	ALL = CHECK | WRITE,
};

#define FX_NEXT (JOB_FX_NEXT_SERVER | JOB_FX_ABORT)
#define FX_STOP (JOB_FX_ABORT | JOB_FX_END)

/* One row per allowed step. Nothing cancels JOB_INSTALLING: the rename is under way. */
static const struct row {
	enum job_phase from;
	enum job_event event;
	enum who who;
	enum job_phase to;
	unsigned effects;
	enum job_result result; /* if the step ends the job */
} ROWS[] = {
	{JOB_DISCOVERING, JOB_TRY,        ALL,     JOB_FETCHING,    JOB_FX_FETCH,       0                   },
	{JOB_DISCOVERING, JOB_EXHAUSTED,  ALL,     JOB_FAILED,      JOB_FX_END,         JOB_ERROR           },
	{JOB_DISCOVERING, JOB_SAME,       ALL,     JOB_DONE,        JOB_FX_END,         JOB_NO_UPDATE       },
	{JOB_FETCHING,    JOB_FETCHED,    ALL,     JOB_VALIDATING,  JOB_FX_JUDGE,       0                   },
	{JOB_FETCHING,    JOB_MISSING,    ALL,     JOB_DISCOVERING, JOB_FX_NEXT_TRY,    0                   },
	{JOB_FETCHING,    JOB_SERVER_BAD, ALL,     JOB_DISCOVERING, JOB_FX_NEXT_SERVER, 0                   },
	{JOB_VALIDATING,  JOB_ACCEPTED,   CHECK,   JOB_DONE,        JOB_FX_END,         JOB_UPDATE_AVAILABLE},
	{JOB_VALIDATING,  JOB_ACCEPTED,   WRITE,   JOB_DOWNLOADING, JOB_FX_BEGIN,       0                   },
	{JOB_VALIDATING,  JOB_MUST_WAIT,  WRITE,   JOB_DEFERRED,    JOB_FX_WAIT,        0                   },
	{JOB_VALIDATING,  JOB_SAME,       ALL,     JOB_DONE,        JOB_FX_END,         JOB_NO_UPDATE       },
	{JOB_VALIDATING,  JOB_REFUSED,    ALL,     JOB_DISCOVERING, JOB_FX_NEXT_SERVER, 0                   },
	{JOB_DEFERRED,    JOB_CLEAR,      WRITE,   JOB_DOWNLOADING, JOB_FX_BEGIN,       0                   },
	{JOB_DOWNLOADING, JOB_BEGUN,      WRITE,   JOB_DOWNLOADING, JOB_FX_IMAGE,       0                   },
	{JOB_DOWNLOADING, JOB_BODY_END,   WRITE,   JOB_VERIFYING,   0,                  0                   },
	{JOB_DOWNLOADING, JOB_IMAGE_BAD,  WRITE,   JOB_DISCOVERING, FX_NEXT,            0                   },
	{JOB_VERIFYING,   JOB_BEGUN,      WRITE,   JOB_DOWNLOADING, JOB_FX_IMAGE,       0                   },
	{JOB_DOWNLOADING, JOB_AGAIN,      WRITE,   JOB_DOWNLOADING, JOB_FX_AGAIN,       0                   },
	{JOB_VERIFYING,   JOB_AGAIN,      WRITE,   JOB_DOWNLOADING, JOB_FX_AGAIN,       0                   },
	{JOB_VERIFYING,   JOB_IMAGE_OK,   WRITE,   JOB_DOWNLOADING, JOB_FX_IMAGE,       0                   },
	{JOB_VERIFYING,   JOB_ALL_OK,     INSTALL, JOB_INSTALLING,  JOB_FX_COMMIT,      0                   },
	{JOB_VERIFYING,   JOB_ALL_OK,     FETCH,   JOB_DONE,        JOB_FX_END,         JOB_DOWNLOADED      },
	{JOB_VERIFYING,   JOB_IMAGE_BAD,  WRITE,   JOB_DISCOVERING, FX_NEXT,            0                   },
	{JOB_INSTALLING,  JOB_COMMITTED,  INSTALL, JOB_DONE,        JOB_FX_END,         JOB_INSTALLED       },
	{JOB_INSTALLING,  JOB_TROUBLE,    INSTALL, JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_DISCOVERING, JOB_TROUBLE,    ALL,     JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_FETCHING,    JOB_TROUBLE,    ALL,     JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_VALIDATING,  JOB_TROUBLE,    ALL,     JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_DEFERRED,    JOB_TROUBLE,    WRITE,   JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_DOWNLOADING, JOB_TROUBLE,    WRITE,   JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_VERIFYING,   JOB_TROUBLE,    WRITE,   JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_DISCOVERING, JOB_CANCEL,     ALL,     JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_FETCHING,    JOB_CANCEL,     ALL,     JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_VALIDATING,  JOB_CANCEL,     ALL,     JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_DEFERRED,    JOB_CANCEL,     WRITE,   JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_DOWNLOADING, JOB_CANCEL,     WRITE,   JOB_FAILED,      FX_STOP,            JOB_ERROR           },
	{JOB_VERIFYING,   JOB_CANCEL,     WRITE,   JOB_FAILED,      FX_STOP,            JOB_ERROR           },
};

/* The octets of the images are nearly all of the work. */
static const double PERCENT[] = {
	[JOB_DISCOVERING] = 0, [JOB_FETCHING] = 1,    [JOB_VALIDATING] = 2,
	[JOB_DEFERRED] = 3,    [JOB_DOWNLOADING] = 3, [JOB_VERIFYING] = 3,
	[JOB_INSTALLING] = 98, [JOB_DONE] = 100,      [JOB_FAILED] = 0,
};
#define PERCENT_OF_IMAGES 95.0

static void rise(struct job *j, double percent)
{
	if (percent > j->percent)
		j->percent = percent;
}

void job_init(struct job *j, enum job_kind kind)
{
	*j = (struct job){.kind = kind, .phase = JOB_DISCOVERING};
}

bool job_step(struct job *j, enum job_event event, unsigned *ret_effects)
{
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		const struct row *row = &ROWS[i];

		if (row->from != j->phase || row->event != event ||
		    ((unsigned)row->who & 1u << j->kind) == 0)
			continue;
		j->phase = row->to;
		j->result = row->result;
		if (event == JOB_EXHAUSTED && j->error == FWE_OK)
			j->error = FWE_DISCOVERY_NO_SERVER;
		rise(j, PERCENT[j->phase]);
		*ret_effects = row->effects;
		return true;
	}
	return false;
}

/* Nobody there: 0. Somebody, but no file: 1. A file, but not for us: 2. Our own doing: 3. */
static int weigh(enum fw_error e)
{
	static const struct {
		const char *prefix;
		int weight;
	} KINDS[] = {
		{"discovery.",    0},
                {"fetch.",        1},
                {"policy.freeze", 1},
		{"manifest.",     2},
                {"image.",        2},
	};

	if (e == FWE_FETCH_CONNECT_FAILED)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
		if (strncmp(fw_error_name(e), KINDS[i].prefix, strlen(KINDS[i].prefix)) == 0)
			return KINDS[i].weight;
	return 3;
}

void job_note(struct job *j, enum fw_error error, size_t i)
{
	int weight = weigh(error);

	/* Once a manifest was accepted, every failure is one of an image. */
	if (j->phase > JOB_VALIDATING && weight < weigh(FWE_IMAGE_TRUNCATED))
		weight = weigh(FWE_IMAGE_TRUNCATED);
	if (error == FWE_OK || weight <= j->weight)
		return;
	j->error = error;
	j->weight = weight;
	j->error_try = i;
}

void job_progress(struct job *j, uint64_t octets)
{
	if (octets > j->octets)
		j->octets = octets;
	if (j->total > 0 && j->octets <= j->total)
		rise(j, PERCENT[JOB_DOWNLOADING] +
				PERCENT_OF_IMAGES * (double)j->octets / (double)j->total);
}
