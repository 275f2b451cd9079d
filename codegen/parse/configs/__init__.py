"""Configs, frozen where a flow is translated: their files, their values, and expressions that use
them. Source of the rules: metaflow/user_configs."""
