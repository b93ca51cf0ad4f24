# RTMDet (Lyu et al., 2022), one-stage, a quarter as wide as mmdet's large one.
# What is not said is as in mmdet's own file.
_base_ = "mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py"

norm = dict(type="BN")
model = dict(
    data_preprocessor=dict(mean=[128.0, 128.0, 128.0], std=[60.0, 60.0, 60.0], pad_size_divisor=32),
    backbone=dict(deepen_factor=0.167, widen_factor=0.25, norm_cfg=norm, init_cfg=None),
    neck=dict(in_channels=[64, 128, 256], out_channels=64, norm_cfg=norm),
    bbox_head=dict(num_classes=1, in_channels=64, feat_channels=64, exp_on_reg=True, norm_cfg=norm),
)
