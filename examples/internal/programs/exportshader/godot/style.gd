# {{.Title}}: {{.Description}}
#
# A compositor effect for Godot 4.3 and later, renderer Forward+. Put this file into
# the project; then, in the inspector of a WorldEnvironment or a Camera3D: Compositor >
# New Compositor > Compositor Effects > Add Element > New {{.Class}}.
#
# The network learned from pictures as they are on the screen. Let the environment's
# tonemap be Linear, and glow and adjustments off. What it costs goes with the number
# of pixels: Project Settings > Rendering > Scaling 3D > Scale reduces them.
#
# Made by impasto (github.com/impasto-go/impasto).
@tool
class_name {{.Class}}
extends CompositorEffect

## How much of the style shows.
@export_range(0, 1) var strength := 1.0

## How much of the last styled picture stays, moved along the motion vectors, where
## depth agrees. 0.8 takes most of the flicker away, 0 turns it off.
@export_range(0, 0.95) var keep := 0.8:
	set(value):
		keep = value
		needs_motion_vectors = keep > 0 or every > 1

## The network runs in every n-th frame; those between show its last picture, moved.
@export_range(1, 8) var every := 1:
	set(value):
		every = value
		needs_motion_vectors = keep > 0 or every > 1

const PROGRAM := {{.Program}}
const HALF := {{.Half}}
const PICTURE := -1
const RESULT := -2
const WEIGHTS_BUFFER := -3
const MOMENTS := -4
const AFFINE := -5
const CHUNK_PIXELS := {{.ChunkPixels}}
const DEPTH_TOLERANCE := 0.1 # as a share
const MOST_VIEWS := 8 # whose past is kept

var _rd: RenderingDevice
var _shaders: Array[RID] = []
var _pipelines: Array[RID] = []
var _weights: RID
var _affine: RID
var _moments: RID
var _planes: Array[RID] = []
var _padded := Vector2i.ZERO
var _refused := false
var _sampler: RID
var _pasts: Array[Dictionary] = [] # of viewports and their views, the last used last
var _cut := false


func _init() -> void:
	effect_callback_type = EFFECT_CALLBACK_TYPE_POST_TRANSPARENT
	access_resolved_color = true
	access_resolved_depth = true
	needs_motion_vectors = true
	RenderingServer.call_on_render_thread(_start)


func _notification(what: int) -> void:
	if what != NOTIFICATION_PREDELETE or _rd == null:
		return
	_free_planes()
	for past in _pasts:
		_free_past(past)
	for rid: RID in _shaders + [_weights, _affine, _sampler]: # pipelines go with their shaders
		if rid.is_valid():
			_rd.free_rid(rid)


## Forgets the last frames: the camera has jumped, or the scene is another.
func cut() -> void:
	_cut = true


func _start() -> void:
	_rd = RenderingServer.get_rendering_device()
	if _rd == null:
		push_error("{{.Class}}: the style needs the renderer Forward+")
		return
	for source: String in KERNELS + ["#define MIX\n" + TEMPORAL, "#define SHOW\n" + TEMPORAL]:
		var text := RDShaderSource.new()
		text.language = RenderingDevice.SHADER_LANGUAGE_GLSL
		text.source_compute = HEADER + source
		var spirv := _rd.shader_compile_spirv_from_source(text)
		if spirv.compile_error_compute != "":
			push_error("{{.Class}}: ", spirv.compile_error_compute)
			_refused = true
			return
		var shader := _rd.shader_create_from_spirv(spirv)
		_shaders.append(shader)
		_pipelines.append(_rd.compute_pipeline_create(shader))
	_sampler = _rd.sampler_create(RDSamplerState.new())
	var bytes := _floats(Marshalls.base64_to_raw(WEIGHTS))
	_weights = _rd.storage_buffer_create(bytes.size(), bytes)
	_affine = _rd.storage_buffer_create(16 * int(PROGRAM.moments))


# Expands weights that are stored as half floats.
func _floats(bytes: PackedByteArray) -> PackedByteArray:
	if not HALF:
		return bytes
	var out := PackedByteArray()
	out.resize(2 * bytes.size())
	for i in range(0, bytes.size(), 2):
		out.encode_float(2 * i, bytes.decode_half(i))
	return out


func _free_planes() -> void:
	for rid: RID in _planes + [_moments]:
		if rid.is_valid():
			_rd.free_rid(rid)
	_planes.clear()
	_moments = RID()


func _fit(n: int) -> int:
	var multiple := int(PROGRAM.multiple)
	return ceili(maxi(n, int(PROGRAM.minSize)) / float(multiple)) * multiple


func _resize(padded: Vector2i) -> void:
	if padded == _padded:
		return
	_padded = padded
	_free_planes()
	for b: Dictionary in PROGRAM.buffers:
		var scale := int(b.scale)
		_planes.append(_rd.storage_buffer_create(4 * int(b.channels) * (padded.x / scale) * (padded.y / scale)))
	var chunks := ceili(padded.x * padded.y / float(CHUNK_PIXELS))
	_moments = _rd.storage_buffer_create(8 * int(PROGRAM.moments) * chunks)


func _render_callback(_type: int, render_data: RenderData) -> void:
	if strength <= 0:
		_cut = true # what was kept grows old
	if _rd == null or _refused or strength <= 0 or _pipelines.size() != KERNELS.size() + 2:
		return
	var buffers := render_data.get_render_scene_buffers() as RenderSceneBuffersRD
	if buffers == null:
		return
	var size := buffers.get_internal_size()
	if size.x == 0 or size.y == 0:
		return
	_resize(Vector2i(_fit(size.x), _fit(size.y)))
	var settings := PackedInt32Array([size.x, size.y, _padded.x, _padded.y]).to_byte_array()
	settings.append_array(PackedFloat32Array([strength, 1.0, 0.0, 0.0]).to_byte_array())
	if _cut:
		_cut = false
		for past in _pasts:
			past.count = 0
	for view in buffers.get_view_count():
		var image := buffers.get_color_layer(view)
		if _rd.texture_get_format(image).format != RenderingDevice.DATA_FORMAT_R16G16B16A16_SFLOAT:
			push_error("{{.Class}}: the style needs the renderer Forward+, whose colors are half floats")
			_refused = true
			return
		var velocity := RID()
		if keep > 0 or every > 1:
			velocity = buffers.get_velocity_layer(view)
		if not velocity.is_valid():
			_style(image, settings)
			continue
		var past := _past(buffers, view, size)
		var fresh: bool = past.count % every == 0
		if fresh:
			_style(image, settings)
		_still(image, velocity, buffers.get_depth_layer(view), past, fresh, render_data.get_render_scene_data().get_cam_projection())


# Returns what is kept of a view: the last picture, and where it went.
func _past(buffers: RenderSceneBuffersRD, view: int, size: Vector2i) -> Dictionary:
	var id := buffers.get_instance_id()
	for i in _pasts.size():
		var past := _pasts[i]
		if past.id == id and past.view == view and past.size == size:
			_pasts.remove_at(i)
			_pasts.append(past)
			return past
	if _pasts.size() == MOST_VIEWS:
		_free_past(_pasts.pop_front())
	var made := {"id": id, "view": view, "size": size, "count": 0, "planes": []}
	for i in 4: # base, next, at, atNext
		made.planes.append(_rd.storage_buffer_create(16 * size.x * size.y))
	_pasts.append(made)
	return made


func _free_past(past: Dictionary) -> void:
	for rid: RID in past.planes:
		_rd.free_rid(rid)


# Mixes the picture with the last one, carried along the motion, or shows that alone.
func _still(image: RID, velocity: RID, depth: RID, past: Dictionary, fresh: bool, lens: Projection) -> void:
	var uniforms: Array[RDUniform] = []
	for rids: Array in [[image], [_sampler, velocity], [_sampler, depth]]:
		var u := RDUniform.new()
		u.binding = uniforms.size()
		u.uniform_type = RenderingDevice.UNIFORM_TYPE_IMAGE if rids.size() == 1 else RenderingDevice.UNIFORM_TYPE_SAMPLER_WITH_TEXTURE
		for rid: RID in rids:
			u.add_id(rid)
		uniforms.append(u)
	for rid: RID in past.planes:
		var u := RDUniform.new()
		u.binding = uniforms.size()
		u.uniform_type = RenderingDevice.UNIFORM_TYPE_STORAGE_BUFFER
		u.add_id(rid)
		uniforms.append(u)
	var size: Vector2i = past.size
	var settings := PackedInt32Array([size.x, size.y, int(fresh), int(past.count > 0)]).to_byte_array()
	settings.append_array(PackedFloat32Array([keep, DEPTH_TOLERANCE, 0.0, 0.0,
		lens.get_z_near(), lens.get_z_far(), 1.0 if lens.is_orthogonal() else 0.0, 0.0]).to_byte_array())
	var list := _rd.compute_list_begin()
	for kernel in [KERNELS.size(), KERNELS.size() + 1]:
		_rd.compute_list_bind_compute_pipeline(list, _pipelines[kernel])
		_rd.compute_list_bind_uniform_set(list, UniformSetCacheRD.get_cache(_shaders[kernel], 0, uniforms), 0)
		_rd.compute_list_set_push_constant(list, settings, settings.size())
		_rd.compute_list_dispatch(list, ceili(size.x / 8.0), ceili(size.y / 8.0), 1)
		_rd.compute_list_add_barrier(list)
	_rd.compute_list_end()
	var p: Array = past.planes
	past.planes = [p[1], p[0], p[3], p[2]] if fresh else [p[0], p[1], p[3], p[2]]
	past.count += 1


func _style(image: RID, settings: PackedByteArray) -> void:
	var list := _rd.compute_list_begin()
	for step: Dictionary in PROGRAM.steps:
		var kernel := int(step.kernel)
		var uniforms: Array[RDUniform] = []
		for named: int in step.bindings:
			if named == RESULT:
				continue # the picture itself
			var u := RDUniform.new()
			u.binding = uniforms.size()
			u.uniform_type = RenderingDevice.UNIFORM_TYPE_STORAGE_BUFFER
			match named:
				PICTURE:
					u.uniform_type = RenderingDevice.UNIFORM_TYPE_IMAGE
					u.add_id(image)
				WEIGHTS_BUFFER:
					u.add_id(_weights)
				MOMENTS:
					u.add_id(_moments)
				AFFINE:
					u.add_id(_affine)
				_:
					u.add_id(_planes[named])
			uniforms.append(u)
		var groups := _groups(step)
		_rd.compute_list_bind_compute_pipeline(list, _pipelines[kernel])
		_rd.compute_list_bind_uniform_set(list, UniformSetCacheRD.get_cache(_shaders[kernel], 0, uniforms), 0)
		_rd.compute_list_set_push_constant(list, settings, settings.size())
		_rd.compute_list_dispatch(list, groups.x, groups.y, groups.z)
		_rd.compute_list_add_barrier(list)
	_rd.compute_list_end()


func _groups(step: Dictionary) -> Vector3i:
	var size := _padded / int(step.scale)
	var planes := int(step.planes)
	var tile := Vector2i(int(step.tile[0]), int(step.tile[1]))
	if tile.x == 0:
		return Vector3i(1, planes, 1)
	if tile.y == 0:
		return Vector3i(ceili(size.x * size.y / float(tile.x)), planes, 1)
	return Vector3i(ceili(size.x / float(tile.x)), ceili(size.y / float(tile.y)), planes)


const HEADER := """{{.Header}}"""

const TEMPORAL := """{{.Temporal}}"""

const KERNELS: Array[String] = [
{{range .Kernels}}"""{{.}}""",
{{end}}]

const WEIGHTS := "{{.Weights}}"
