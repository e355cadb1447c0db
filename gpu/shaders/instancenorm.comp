// Instance normalisation (Ulyanov et al., arXiv:1607.08022) in stages, forward
//
//	STATS      mean and sum of squared deviations of a share of a plane
//	FINISH     mean and 1/sqrt(var+eps) of a plane, from its shares
//	APPLY      dst = relu?((x-mean)*rstd*gamma + beta) + alpha*residual
//
// and backward, with g being dy where the relu let pass and z = (x-mean)*rstd:
//
//	GRADSTATS  sums of g and g*z over a share of a plane
//	GRADFINISH the same of whole planes, and dgamma and dbeta from them
//	GRADAPPLY  dx (+)= gamma*rstd*(g - mean(g) - z*mean(g*z))
//
// Shares are combined by Chan's formula, and their means are relative to the
// plane's first element, so that planes far from zero lose nothing.
UNIFORM(8, int, planes); // in this dispatch
UNIFORM(9, int, area);   // elements of a plane
UNIFORM(10, int, parts);  // shares of a plane
UNIFORM(11, int, first);  // number of the first plane
UNIFORM(12, int, channels);

#if defined(STATS)
TARGET(0, part);
SOURCE(1, x);

void main() {
	int at = thread();
	if (at >= planes * parts) return;
	int plane = x_at + at / parts * area;
	int t = at % parts;
	float origin = x[plane + t], sum = 0.0, squares = 0.0, n = 0.0;
	for (int i = t; i < area; i += parts) {
		float v = x[plane + i] - origin;
		sum += v;
		squares += v * v;
		n += 1.0;
	}
	part[part_at + 2 * at] = (origin - x[plane]) + sum / n;
	part[part_at + 2 * at + 1] = squares - sum * sum / n;
}

#elif defined(FINISH)
TARGET(0, mean);
TARGET(1, rstd);
SOURCE(2, part);
SOURCE(3, x);
UNIFORM(13, float, eps);

void main() {
	int p = thread();
	if (p >= planes) return;
	float m = 0.0, deviations = 0.0, n = 0.0;
	for (int t = 0; t < parts; t++) {
		int at = part_at + 2 * (p * parts + t);
		float k = float((area - t + parts - 1) / parts);
		float delta = part[at] - m;
		m += delta * k / (n + k);
		deviations += part[at + 1] + delta * delta * (n * k / (n + k));
		n += k;
	}
	mean[mean_at + p] = x[x_at + p * area] + m;
	rstd[rstd_at + p] = 1.0 / sqrt(max(deviations, 0.0) / float(area) + eps);
}

#elif defined(APPLY)
TARGET(0, dst);
SOURCE(1, x);
SOURCE(2, mean);
SOURCE(3, rstd);
SOURCE(4, gamma);
SOURCE(5, beta);
ALIASED(6, residual);
UNIFORM(13, float, alpha);

void main() {
	EACH(i, planes * area) {
		int p = i / area, c = (first + p) % channels;
		float v = (x[x_at + i] - mean[mean_at + p]) * rstd[rstd_at + p] * gamma[gamma_at + c] + beta[beta_at + c];
#ifdef RELU
		v = relu(v);
#endif
#ifdef RESIDUAL
		v += alpha * residual[residual_at + i];
#endif
		dst[dst_at + i] = v;
	}
}

#elif defined(GRADSTATS) || defined(GRADAPPLY)
TARGET(0, dst); // shares, or dx
ALIASED(1, dy);
SOURCE(2, x);
SOURCE(3, mean);
SOURCE(4, rstd);
SOURCE(5, gamma);
SOURCE(6, beta);

float normal(int i, int p) { return (x[x_at + i] - mean[mean_at + p]) * rstd[rstd_at + p]; }

float grad(int i, float z, int c) {
#ifdef RELU
	if (!(z * gamma[gamma_at + c] + beta[beta_at + c] > 0.0)) return 0.0;
#endif
	return dy[dy_at + i];
}

#ifdef GRADSTATS
void main() {
	int at = thread();
	if (at >= planes * parts) return;
	int p = at / parts, c = (first + p) % channels;
	vec2 sums = vec2(0.0);
	for (int i = at % parts; i < area; i += parts) {
		float z = normal(p * area + i, p);
		float g = grad(p * area + i, z, c);
		sums += vec2(g, g * z);
	}
	dst[dst_at + 2 * at] = sums.x;
	dst[dst_at + 2 * at + 1] = sums.y;
}
#else
SOURCE(7, sums);
UNIFORM(13, bool, accumulate);

void main() {
	EACH(i, planes * area) {
		int p = i / area, c = (first + p) % channels;
		float z = normal(i, p);
		float g = grad(i, z, c);
		float v = gamma[gamma_at + c] * rstd[rstd_at + p] *
			(g - (sums[sums_at + 2 * p] + z * sums[sums_at + 2 * p + 1]) / float(area));
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
	}
}
#endif

#elif defined(GRADFINISH)
TARGET(0, dgamma);
TARGET(1, dbeta);
TARGET(2, sums);
SOURCE(3, part);
UNIFORM(13, bool, accumulate);

void main() {
	int c = thread();
	if (c >= channels) return;
	vec2 total = vec2(0.0);
	for (int p = c; p < planes; p += channels) {
		vec2 sum = vec2(0.0);
		for (int t = 0; t < parts; t++) {
			int at = part_at + 2 * (p * parts + t);
			sum += vec2(part[at], part[at + 1]);
		}
		sums[sums_at + 2 * p] = sum.x;
		sums[sums_at + 2 * p + 1] = sum.y;
		total += sum;
	}
	dbeta[dbeta_at + c] = accumulate ? dbeta[dbeta_at + c] + total.x : total.x;
	dgamma[dgamma_at + c] = accumulate ? dgamma[dgamma_at + c] + total.y : total.y;
}
#endif
