#include "calls.h"

#include <stdio.h>

void calls_env_add(struct calls_env *e, const char *name, const char *value)
{
	if (e->n == CALLS_VARIABLES)
		return;
	(void)snprintf(e->text[e->n], CALLS_VARIABLE, "OCFGW_%s=%s", name, value);
	e->list[e->n] = e->text[e->n];
	e->list[++e->n] = NULL;
}

void calls_env_init(struct calls_env *e, const struct proto_begin *plan)
{
	char number[24];

	*e = (struct calls_env){0};
	calls_env_add(e, "MODEL", plan->model);
	calls_env_add(e, "VERSION", plan->version);
	(void)snprintf(number, sizeof(number), "%u", plan->images);
	calls_env_add(e, "IMAGES", number);
	(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)plan->size);
	if (plan->size != PROTO_SIZE_ANY)
		calls_env_add(e, "SIZE", number);
	if (plan->transaction[0])
		calls_env_add(e, "TRANSACTION", plan->transaction);
}

static int by_status(int status)
{
	static const int ERRORS[] = {-EREMOTEIO, -EREMOTEIO, -ENOSPC, -EFBIG,
				     -EILSEQ,    -EAGAIN,    -ENOTSUP};

	return status >= 0 && (size_t)status < ARRAY_SIZE(ERRORS) ? ERRORS[status] : -EREMOTEIO;
}

int calls_wait(struct runner *r, int control, char why[PROTO_TEXT])
{
	static struct runner_result result;
	int e = runner_wait(r, control, &result);

	if (e == 0)
		return 0;
	proto_text(why, PROTO_TEXT, result.text);
	return e == -EREMOTEIO ? by_status(result.status) : e;
}

int calls_run(struct runner *r, int control, const struct runner_call *c, char why[PROTO_TEXT])
{
	int e = runner_start(r, c);

	return e < 0 ? e : calls_wait(r, control, why);
}

int calls_hook(struct runner *r, int control, enum program hook, const struct proto_begin *plan,
	       char why[PROTO_TEXT])
{
	struct calls_env env;
	struct runner_call c = {.program = hook, .env = env.list, .fd = -1};

	if (!runner_has(r, hook))
		return 0;
	calls_env_init(&env, plan);
	return calls_run(r, control, &c, why);
}
