# Cascade R-CNN (Cai and Vasconcelos, 2018), two-stage, small.
channels = 16
anchors = dict(type="AnchorGenerator", scales=[4], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32, 64])
cross_entropy = dict(type="CrossEntropyLoss", use_sigmoid=True)
box_loss = dict(type="SmoothL1Loss", beta=1.0)
sampler = dict(type="RandomSampler", num=32, pos_fraction=0.5, neg_pos_ub=-1, add_gt_as_proposals=True)


def head(stds):
    return dict(
        type="Shared2FCBBoxHead",
        in_channels=channels,
        fc_out_channels=32,
        roi_feat_size=7,
        num_classes=1,
        reg_class_agnostic=True,
        bbox_coder=dict(type="DeltaXYWHBBoxCoder", target_means=[0.0, 0.0, 0.0, 0.0], target_stds=stds),
        loss_cls=dict(type="CrossEntropyLoss", use_sigmoid=False),
        loss_bbox=box_loss,
    )


def assigner(above, below, at_least, match_low_quality):
    return dict(
        type="MaxIoUAssigner",
        pos_iou_thr=above,
        neg_iou_thr=below,
        min_pos_iou=at_least,
        match_low_quality=match_low_quality,
        ignore_iof_thr=-1,
    )


def stage(iou):
    return dict(assigner=assigner(iou, iou, iou, False), sampler=sampler, pos_weight=-1, debug=False)


proposals = dict(nms_pre=200, max_per_img=100, nms=dict(type="nms", iou_threshold=0.7), min_bbox_size=0)
model = dict(
    type="CascadeRCNN",
    data_preprocessor=dict(
        type="DetDataPreprocessor", mean=[143.0, 143.0, 143.0], std=[60.0, 60.0, 60.0], pad_size_divisor=32
    ),
    backbone=dict(type="ResNet", depth=18, num_stages=4, out_indices=(0, 1, 2, 3), base_channels=8),
    neck=dict(type="FPN", in_channels=[8, 16, 32, 64], out_channels=channels, num_outs=5),
    rpn_head=dict(
        type="RPNHead",
        in_channels=channels,
        feat_channels=channels,
        anchor_generator=anchors,
        bbox_coder=dict(type="DeltaXYWHBBoxCoder", target_means=[0.0, 0.0, 0.0, 0.0], target_stds=[1.0, 1.0, 1.0, 1.0]),
        loss_cls=cross_entropy,
        loss_bbox=box_loss,
    ),
    roi_head=dict(
        type="CascadeRoIHead",
        num_stages=2,
        stage_loss_weights=[1, 0.5],
        bbox_roi_extractor=dict(
            type="SingleRoIExtractor",
            roi_layer=dict(type="RoIAlign", output_size=7, sampling_ratio=0),
            out_channels=channels,
            featmap_strides=[4, 8, 16, 32],
        ),
        bbox_head=[head([0.1, 0.1, 0.2, 0.2]), head([0.05, 0.05, 0.1, 0.1])],
    ),
    train_cfg=dict(
        rpn=dict(
            assigner=assigner(0.7, 0.3, 0.3, True),
            sampler=dict(sampler, add_gt_as_proposals=False),
            allowed_border=0,
            pos_weight=-1,
            debug=False,
        ),
        rpn_proposal=proposals,
        rcnn=[stage(0.5), stage(0.6)],
    ),
    test_cfg=dict(rpn=proposals, rcnn=dict(score_thr=0.05)),
)
