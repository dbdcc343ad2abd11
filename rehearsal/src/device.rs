//! What there is to draw with and on: asked before Bevy is started, which panics where there is nothing.

use bevy::tasks::block_on;

/// The device that draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// Whether it is a program on the processor.
    pub is_software: bool,
}

/// What a machine without a driver is told; tests look for the first words.
pub const NO_DEVICE: &str = "there is nothing to draw with: no Vulkan driver was found";

/// The interfaces to a device that are tried: what the environment (`WGPU_BACKEND`) says, or those of today.
pub fn backends() -> wgpu::Backends {
    wgpu::Backends::from_env().unwrap_or(wgpu::Backends::PRIMARY)
}

/// The device that Bevy will choose.
///
/// # Errors
/// There is none: what to install.
pub fn device() -> Result<Device, String> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends = backends();
    let instance = wgpu::Instance::new(descriptor);
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..wgpu::RequestAdapterOptions::default()
    };
    let adapter = block_on(instance.request_adapter(&options)).map_err(|_| {
        format!(
            "{NO_DEVICE}. Install the driver of the graphics processor, or the one that draws on the processor \
             (Debian, Ubuntu: apt install libvulkan1 mesa-vulkan-drivers; Fedora: dnf install vulkan-loader \
             mesa-vulkan-drivers)"
        )
    })?;
    let info = adapter.get_info();
    Ok(Device {
        is_software: info.device_type == wgpu::DeviceType::Cpu,
        name: info.name,
    })
}

/// Whether there is a display to open a window on.
///
/// # Errors
/// There is none: what to do instead.
pub fn display() -> Result<(), String> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if cfg!(target_os = "linux") && !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        return Err("there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Start it from a desktop, or draw \
                    into files with --headless --frames DIR"
            .into());
    }
    Ok(())
}
